#include "cairn/rpc/http_server.h"

#include <atomic>
#include <latch>
#include <thread>

#include <gmock/gmock.h>

#include "cairn/rpc/http_client.h"
#include "tests/unit/rpc/raw_client.h"

namespace cairn::rpc {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kLogin = "Authorization: Basic dXNlcjpwYXNz\r\n";  // user:pass

std::string PostText(const std::string& body, const std::string& more_fields = "") {
  return "POST / HTTP/1.1\r\nHost: x\r\n" + kLogin + more_fields +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpOptions options = {}, Answer answer = nullptr) {
    options.endpoints = {{"127.0.0.1", 0}};
    if (!answer) {
      answer = [](std::string_view body, std::string_view user) {
        return Reply{200, std::string(user) + " said " + std::string(body)};
      };
    }
    const auto authorize = [](std::string_view header) -> std::optional<std::string> {
      if (header == "Basic dXNlcjpwYXNz") return "user";
      return std::nullopt;
    };
    server_.emplace(std::move(options), authorize, std::move(answer));
    ASSERT_TRUE(server_->Start());
    port_ = server_->BoundPorts().at(0);
  }

  RawClient Connect() {
    RawClient client(port_);
    EXPECT_TRUE(client.connected());
    return client;
  }

  /// Sends on a fresh connection, and gives the first response.
  std::string Exchange(const std::string& text) {
    RawClient client = Connect();
    EXPECT_TRUE(client.Send(text));
    return client.Receive();
  }

  std::optional<HttpServer> server_;
  uint16_t port_ = 0;
};

/// Holds workers until it is opened.
class Gate {
 public:
  void Open() {
    open_ = true;
    open_.notify_all();
  }
  void Pass() {
    ++arrived_;
    open_.wait(false);
  }
  void AwaitArrivals(int wanted) const {
    while (arrived_ < wanted) std::this_thread::sleep_for(milliseconds(1));
  }
  int arrived() const { return arrived_; }

 private:
  std::atomic<bool> open_{false};
  std::atomic<int> arrived_{0};
};

TEST_F(HttpServerTest, AnswersManyRequestsOnOneConnection) {
  Start();
  RawClient client = Connect();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.Send(PostText("hello " + std::to_string(i))));
    const std::string response = client.Receive();
    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(response, HasSubstr("\r\nContent-Type: application/json\r\n"));
    EXPECT_THAT(response, EndsWith("\r\n\r\nuser said hello " + std::to_string(i)));
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  RawClient client = Connect();
  ASSERT_TRUE(client.Send(PostText("1") + PostText("2") + PostText("3")));
  for (const char* wanted : {"said 1", "said 2", "said 3"}) {
    EXPECT_THAT(client.Receive(), EndsWith(wanted));
  }
}

TEST_F(HttpServerTest, ClosesWhenAskedTo) {
  Start();
  RawClient client = Connect();
  ASSERT_TRUE(client.Send(PostText("x", "Connection: close\r\n")));
  EXPECT_THAT(client.Receive(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client.IsClosed(milliseconds(5000)));
}

TEST_F(HttpServerTest, SpeaksHttp10) {
  Start();
  const std::string rest = kLogin + "Content-Length: 1\r\n\r\nx";
  RawClient once = Connect();
  ASSERT_TRUE(once.Send("POST / HTTP/1.0\r\n" + rest));
  EXPECT_THAT(once.Receive(), StartsWith("HTTP/1.0 200 OK\r\n"));
  EXPECT_TRUE(once.IsClosed(milliseconds(5000)));
  RawClient again = Connect();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(again.Send("POST / HTTP/1.0\r\nConnection: keep-alive\r\n" + rest));
    EXPECT_THAT(again.Receive(), HasSubstr("Connection: keep-alive\r\n"));
  }
}

TEST_F(HttpServerTest, GivesStatusAndBodyOfTheAnswer) {
  Start({}, [](std::string_view body, std::string_view) {
    return body == "silent" ? Reply{204, ""} : Reply{500, "{}"};
  });
  RawClient client = Connect();
  ASSERT_TRUE(client.Send(PostText("silent") + PostText("loud")));
  const std::string silent = client.Receive();
  EXPECT_THAT(silent, StartsWith("HTTP/1.1 204 "));
  EXPECT_THAT(silent, Not(HasSubstr("Content-")));
  EXPECT_THAT(client.Receive(), StartsWith("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, SurvivesAnAnswerThatThrows) {
  Start({}, [](std::string_view, std::string_view) -> Reply { throw std::runtime_error("x"); });
  EXPECT_THAT(Exchange(PostText("x")), StartsWith("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, RefusesOtherPathsAndMethods) {
  Start();
  RawClient client = Connect();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\n\r\n"));
  const std::string get = client.Receive();
  EXPECT_THAT(get, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(get, EndsWith("\r\n\r\nJSONRPC server handles only POST requests"));
  EXPECT_THAT(client.Receive(), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Exchange("POST /wallet/x HTTP/1.1\r\n" + kLogin + "Content-Length: 2\r\n\r\n{}"),
              StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpServerTest, AsksForALoginBeforeTheBodyIsSent) {
  Start();
  RawClient client = Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"));
  const std::string response = client.Receive();
  EXPECT_THAT(response, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(response, HasSubstr("WWW-Authenticate: Basic realm=\"jsonrpc\"\r\n"));
  EXPECT_TRUE(client.IsClosed(milliseconds(5000)));
}

TEST_F(HttpServerTest, DelaysAFailedLoginButNobodyElse) {
  HttpOptions options;
  options.failed_login_delay = milliseconds(300);
  Start(options);
  const auto start = std::chrono::steady_clock::now();
  RawClient guesser = Connect();
  ASSERT_TRUE(
      guesser.Send("POST / HTTP/1.1\r\nAuthorization: Basic eDp5\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_THAT(Exchange(PostText("x")), StartsWith("HTTP/1.1 200 "));
  EXPECT_FALSE(guesser.IsClosed(milliseconds(10)));
  EXPECT_THAT(guesser.Receive(), StartsWith("HTTP/1.1 401 "));
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(300));
}

TEST_F(HttpServerTest, RefusesLongHeaders) {
  Start();
  EXPECT_THAT(Exchange("POST /" + std::string(10'000, 'x') + " HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Exchange("POST /" + std::string(1'000, 'x') + " HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpServerTest, RefusesLargeBodies) {
  HttpOptions options;
  options.max_body_bytes = 1000;
  Start(options);
  EXPECT_THAT(Exchange(PostText(std::string(1000, 'x'))), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Exchange(PostText(std::string(1001, 'x'))), StartsWith("HTTP/1.1 413 "));
  const std::string chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
  const std::string head = "POST / HTTP/1.1\r\n" + kLogin + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_THAT(Exchange(head + chunk + chunk + "0\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Exchange(head + chunk + chunk + chunk), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttp) {
  Start();
  for (const std::string& text :
       {std::string("hello\r\n\r\n"), std::string("POST / HTTP/3.0\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nbad field\r\n\r\n"),
        std::string("\x16\x03\x01\x02\r\n\r\n\0", 9)}) {
    EXPECT_THAT(Exchange(text), StartsWith("HTTP/1.1 400 ")) << text;
  }
  EXPECT_THAT(Exchange(PostText("still alive")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, SendsContinueToThoseWhoWaitForIt) {
  Start();
  RawClient client = Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\n" + kLogin +
                          "Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"));
  EXPECT_EQ(client.Receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.Send("body"));
  EXPECT_THAT(client.Receive(), EndsWith("user said body"));
}

TEST_F(HttpServerTest, ClosesSilentConnections) {
  HttpOptions options;
  options.timeout = milliseconds(100);
  Start(options);
  RawClient silent = Connect();
  RawClient half = Connect();
  ASSERT_TRUE(half.Send("POST / HTT"));
  RawClient no_body = Connect();
  ASSERT_TRUE(no_body.Send("POST / HTTP/1.1\r\n" + kLogin + "Content-Length: 9\r\n\r\nhalf"));
  EXPECT_TRUE(silent.IsClosed(milliseconds(5000)));
  EXPECT_TRUE(half.IsClosed(milliseconds(5000)));
  EXPECT_TRUE(no_body.IsClosed(milliseconds(5000)));
}

TEST_F(HttpServerTest, IsPatientWithSlowBodies) {
  HttpOptions options;
  options.timeout = milliseconds(400);
  Start(options);
  RawClient client = Connect();
  ASSERT_TRUE(client.Send("POST / HTTP/1.1\r\n" + kLogin + "Content-Length: 10\r\n\r\n"));
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(milliseconds(60));
    ASSERT_TRUE(client.Send("x"));
  }
  EXPECT_THAT(client.Receive(), EndsWith("xxxxxxxxxx"));
}

TEST_F(HttpServerTest, TimeDoesNotRunOutWhileAWorkerThinks) {
  HttpOptions options;
  options.timeout = milliseconds(50);
  Start(options, [](std::string_view, std::string_view) {
    std::this_thread::sleep_for(milliseconds(200));
    return Reply{200, "done"};
  });
  EXPECT_THAT(Exchange(PostText("x")), EndsWith("done"));
}

TEST_F(HttpServerTest, RequestsBeyondTheQueueWaitTheirTurn) {
  HttpOptions options;
  options.threads = 2;
  options.queue_depth = 3;
  Gate gate;
  Start(options, [&](std::string_view, std::string_view) {
    gate.Pass();
    return Reply{200, "done"};
  });
  std::vector<RawClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(Connect());
    ASSERT_TRUE(clients.back().Send(PostText("x")));
  }
  gate.AwaitArrivals(2);
  EXPECT_FALSE(clients.back().IsClosed(milliseconds(50)));
  EXPECT_EQ(gate.arrived(), 2);
  gate.Open();
  for (RawClient& client : clients) EXPECT_THAT(client.Receive(), EndsWith("done"));
}

TEST_F(HttpServerTest, ManyClientsAtOnce) {
  Start();
  std::vector<std::jthread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      std::vector<RawClient> clients;
      for (int i = 0; i < 20; ++i) clients.emplace_back(port_);
      for (RawClient& client : clients) client.Send(PostText("x"));
      for (RawClient& client : clients) good += client.Receive().ends_with("user said x") ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(good, 160);
}

TEST_F(HttpServerTest, TheLongestIdleConnectionMakesRoom) {
  HttpOptions options;
  options.max_connections = 3;
  Start(options);
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(Connect());
    ASSERT_TRUE(clients.back().Send(PostText("x")));
    EXPECT_THAT(clients.back().Receive(), EndsWith("said x"));
  }
  EXPECT_TRUE(clients[0].IsClosed(milliseconds(5000)));
  ASSERT_TRUE(clients[1].Send(PostText("y")));
  EXPECT_THAT(clients[1].Receive(), EndsWith("said y"));
}

TEST_F(HttpServerTest, BusyConnectionsKeepTheirPlaces) {
  HttpOptions options;
  options.max_connections = 2;
  Gate gate;
  Start(options, [&](std::string_view, std::string_view) {
    gate.Pass();
    return Reply{200, "done"};
  });
  RawClient first = Connect();
  ASSERT_TRUE(first.Send(PostText("x")));
  RawClient second = Connect();
  ASSERT_TRUE(second.Send(PostText("x")));
  gate.AwaitArrivals(2);
  RawClient third = Connect();  // the system's queue takes it
  ASSERT_TRUE(third.Send(PostText("x")));
  EXPECT_FALSE(third.IsClosed(milliseconds(50)));
  gate.Open();
  EXPECT_THAT(first.Receive(), EndsWith("done"));
  EXPECT_THAT(second.Receive(), EndsWith("done"));
  EXPECT_THAT(third.Receive(), EndsWith("done"));
}

TEST_F(HttpServerTest, StopAnswersWhatHasArrivedAndClosesTheRest) {
  Gate gate;
  Start({}, [&](std::string_view, std::string_view) {
    gate.Pass();
    return Reply{200, "done"};
  });
  RawClient idle = Connect();
  RawClient busy = Connect();
  ASSERT_TRUE(busy.Send(PostText("x")));
  gate.AwaitArrivals(1);
  std::jthread stopper([&] { server_->Stop(); });
  EXPECT_TRUE(idle.IsClosed(milliseconds(5000)));
  gate.Open();
  const std::string response = busy.Receive();
  EXPECT_THAT(response, EndsWith("done"));
  EXPECT_THAT(response, HasSubstr("Connection: close"));
  EXPECT_TRUE(busy.IsClosed(milliseconds(5000)));
  stopper.join();
  EXPECT_FALSE(RawClient(port_).connected());
}

TEST_F(HttpServerTest, StopDoesNotWaitForClientsThatDoNotRead) {
  HttpOptions options;
  options.stop_patience = milliseconds(200);
  Start(options, [](std::string_view, std::string_view) {
    return Reply{200, std::string(64 << 20, 'x')};
  });
  RawClient deaf = Connect();
  ASSERT_TRUE(deaf.Send(PostText("x")));
  std::this_thread::sleep_for(milliseconds(200));
  const auto start = std::chrono::steady_clock::now();
  server_->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(HttpServerTest, StopAnswersCallsThatOutlastThePatience) {
  HttpOptions options;
  options.stop_patience = milliseconds(50);
  std::atomic<bool> running{false};
  Start(options, [&](std::string_view, std::string_view) {
    running = true;
    std::this_thread::sleep_for(milliseconds(400));
    return Reply{200, "done"};
  });
  RawClient busy = Connect();
  ASSERT_TRUE(busy.Send(PostText("x")));
  while (!running) std::this_thread::sleep_for(milliseconds(1));
  server_->Stop();
  EXPECT_THAT(busy.Receive(), EndsWith("done"));
}

HttpOptions ForOthersOnly() {
  HttpOptions options;
  options.allowed = {*wire::Subnet::Parse("10.0.0.0/8")};
  return options;
}

TEST_F(HttpServerTest, RefusesAddressesThatAreNotAllowed) {
  Start(ForOthersOnly());
  RawClient stranger = Connect();
  ASSERT_TRUE(stranger.Send(PostText("x")));
  EXPECT_THAT(stranger.Receive(), StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_TRUE(stranger.IsClosed(milliseconds(5000)));
}

TEST_F(HttpServerTest, StrangersHaveLittleTime) {
  HttpOptions options = ForOthersOnly();
  options.stranger_time = milliseconds(200);
  Start(options);
  RawClient silent = Connect();
  RawClient slow = Connect();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 50 && slow.Send("x") && !slow.IsClosed(milliseconds(20)); ++i) {
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(900));
  EXPECT_TRUE(silent.IsClosed(milliseconds(5000)));
}

TEST_F(HttpServerTest, StrangersAreFew) {
  HttpOptions options = ForOthersOnly();
  options.max_strangers = 3;
  options.max_connections = 1;  // they need no room there
  Start(options);
  std::vector<RawClient> strangers;
  for (int i = 0; i < 3; ++i) strangers.push_back(Connect());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Connect().IsClosed(milliseconds(1000)));
  for (RawClient& stranger : strangers) {
    ASSERT_TRUE(stranger.Send(PostText("x")));
    EXPECT_THAT(stranger.Receive(), StartsWith("HTTP/1.1 403 "));
  }
}

TEST_F(HttpServerTest, StrangersTakeNobodysPlace) {
  HttpOptions options;
  options.allowed = {*wire::Subnet::Parse("127.0.0.1")};
  options.max_connections = 1;
  Start(options);
  RawClient friendly = Connect();
  ASSERT_TRUE(friendly.Send(PostText("x")));
  EXPECT_THAT(friendly.Receive(), EndsWith("said x"));
  for (int i = 0; i < 5; ++i) {
    RawClient stranger(port_, "127.0.0.2");
    ASSERT_TRUE(stranger.connected());
    ASSERT_TRUE(stranger.Send(PostText("x")));
    EXPECT_THAT(stranger.Receive(), StartsWith("HTTP/1.1 403 "));
  }
  ASSERT_TRUE(friendly.Send(PostText("y")));
  EXPECT_THAT(friendly.Receive(), EndsWith("said y"));
}

TEST_F(HttpServerTest, StopUnderLoad) {
  Start();
  std::atomic<bool> over{false};
  std::vector<std::jthread> clients;
  for (int t = 0; t < 4; ++t) {
    clients.emplace_back([&] {
      while (!over) {
        RawClient client(port_);
        for (int i = 0; i < 20 && client.Send(PostText("x")); ++i) {
          if (client.Receive().empty()) break;
        }
      }
    });
  }
  std::this_thread::sleep_for(milliseconds(100));
  server_->Stop();
  over = true;
}

TEST(HttpServerStart, FailsWhenNothingCanBeBound) {
  HttpOptions options;
  options.endpoints = {{"192.0.2.1", 0}};  // an address of nobody (RFC 5737)
  HttpServer server(options, nullptr, nullptr);
  const Status started = server.Start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().message, "Unable to bind any endpoint for RPC server");
}

TEST(HttpServerStart, OneEndpointIsEnough) {
  HttpOptions options;
  options.endpoints = {{"192.0.2.1", 0}, {"127.0.0.1", 0}};
  HttpServer server(options, nullptr, nullptr);
  ASSERT_TRUE(server.Start());
  EXPECT_EQ(server.BoundPorts().size(), 1u);
}

TEST_F(HttpServerTest, TheClientGetsItsAnswer) {
  Start();
  HttpCall call{.host = "127.0.0.1", .port = port_, .credentials = {"user", "pass"}};
  call.body = std::string(300'000, 'x');
  const auto answer = Post(call);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "user said " + call.body);
  call.credentials.password = "wrong";
  const auto refused = Post(call);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
}

TEST_F(HttpServerTest, TheClientSaysWhyThereIsNoAnswer) {
  Start({}, [](std::string_view, std::string_view) {
    std::this_thread::sleep_for(milliseconds(1500));
    return Reply{200, "late"};
  });
  HttpCall call{.host = "127.0.0.1", .port = port_, .credentials = {"user", "pass"}};
  call.timeout = std::chrono::seconds(1);
  const auto late = Post(call);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message, "timeout reached");
  server_->Stop();
  const auto refused = Post(call);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "Connection refused");
}

}  // namespace
}  // namespace cairn::rpc
