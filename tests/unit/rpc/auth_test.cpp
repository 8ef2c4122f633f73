#include "cairn/rpc/auth.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "cairn/rpc/base64.h"
#include "cairn/rpc/cookie.h"

namespace cairn::rpc {
namespace {

std::string Basic(const std::string& user_and_password) {
  return "Basic " + EncodeBase64(user_and_password);
}

TEST(Base64, KnowsTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(EncodeBase64(bytes), text);
    EXPECT_EQ(DecodeBase64(text), bytes);
  }
}

TEST(Base64, RefusesWhatIsNotCanonical) {
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zm 9v", "Zm9v\n", "=Zg="}) {
    EXPECT_FALSE(DecodeBase64(text)) << text;
  }
}

TEST(Authenticator, ProvesAPassword) {
  Authenticator known;
  known.AddPassword("alice", "se:cret");
  EXPECT_EQ(known.Authorize(Basic("alice:se:cret")), "alice");
  EXPECT_EQ(known.Authorize("basic  " + EncodeBase64("alice:se:cret")), "alice");
  for (const char* wrong : {"alice:secret", "alice:", "Alice:se:cret", ":se:cret", "alice", ""}) {
    EXPECT_FALSE(known.Authorize(Basic(wrong))) << wrong;
  }
  EXPECT_FALSE(known.Authorize(EncodeBase64("alice:se:cret")));
  EXPECT_FALSE(known.Authorize("Bearer " + EncodeBase64("alice:se:cret")));
  EXPECT_FALSE(known.Authorize("Basic !!!!"));
  EXPECT_FALSE(known.Authorize(""));
}

TEST(Authenticator, AnEmptyOneProvesNothing) {
  EXPECT_FALSE(Authenticator().Authorize(Basic(":")));
}

// HMAC-SHA256 with key "Jefe" and message "what do ya want for nothing?" (RFC 4231, case 2).
TEST(Authenticator, ProvesAgainstASaltedHash) {
  Authenticator known;
  ASSERT_TRUE(
      known.AddHashed("bob:Jefe$5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
  EXPECT_EQ(known.Authorize(Basic("bob:what do ya want for nothing?")), "bob");
  EXPECT_FALSE(known.Authorize(Basic("bob:what do ya want for nothing")));
  EXPECT_FALSE(known.Authorize(Basic("eve:what do ya want for nothing?")));
}

// RFC 4231, case 6: a key longer than a block of the hash.
TEST(Authenticator, HashesLongSaltsFirst) {
  Authenticator known;
  const std::string salt(131, '\xaa');
  ASSERT_TRUE(known.AddHashed("bob:" + salt +
                              "$60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
  EXPECT_EQ(known.Authorize(Basic("bob:Test Using Larger Than Block-Size Key - Hash Key First")),
            "bob");
}

TEST(Authenticator, RefusesMalformedHashedEntries) {
  Authenticator known;
  for (const char* text : {"", "bob", "bob:salt", "bob$hash", ":salt$00", "bob:salt$xyz",
                           "bob:salt$00", "bob$5bdc:c146"}) {
    EXPECT_FALSE(known.AddHashed(text)) << text;
  }
}

TEST(Whitelist, AllowsEverythingByDefault) {
  EXPECT_TRUE(Whitelist().Allows("anyone", "stop"));
  EXPECT_TRUE(Whitelist().AllowsAnything("anyone"));
}

TEST(Whitelist, OnceThereAreEntriesOthersAreDenied) {
  const Whitelist list({"alice:getblockcount,stop", "bob:"}, std::nullopt);
  EXPECT_TRUE(list.Allows("alice", "stop"));
  EXPECT_FALSE(list.Allows("alice", "help"));
  EXPECT_FALSE(list.Allows("bob", "stop"));
  EXPECT_FALSE(list.Allows("eve", "stop"));
  EXPECT_FALSE(list.AllowsAnything("eve"));
}

TEST(Whitelist, TheDefaultCanBeTurned) {
  EXPECT_TRUE(Whitelist({"alice:stop"}, false).Allows("eve", "stop"));
  EXPECT_FALSE(Whitelist({}, true).Allows("eve", "stop"));
}

TEST(Whitelist, SeveralEntriesOfOneUserIntersect) {
  const Whitelist list({"alice:a,b c", "alice: b, c"}, std::nullopt);
  EXPECT_FALSE(list.Allows("alice", "a"));
  EXPECT_TRUE(list.Allows("alice", "b"));
  EXPECT_TRUE(list.Allows("alice", "c"));
}

class CookieTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path(testing::TempDir()) /
        ("cookie-" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(CookieTest, LivesAsLongAsItsOwner) {
  const auto path = folder_ / ".cookie";
  {
    const auto cookie = CookieFile::Create(path);
    ASSERT_TRUE(cookie);
    const auto read = ReadCookie(path);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->user, "__cookie__");
    EXPECT_EQ(read->password, cookie->credentials().password);
    EXPECT_EQ(read->password.size(), 64u);
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_FALSE(ReadCookie(path));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(CookieTest, ReplacesAnOldOneAndHasThePermissionsAskedFor) {
  const auto path = folder_ / ".cookie";
  const auto first = CookieFile::Create(path);
  const auto second = CookieFile::Create(path, std::filesystem::perms(0640));
  ASSERT_TRUE(second);
  EXPECT_EQ(ReadCookie(path)->password, second->credentials().password);
  EXPECT_NE(first->credentials().password, second->credentials().password);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0640));
}

TEST_F(CookieTest, FailsWhereItCannotBeWritten) {
  EXPECT_FALSE(CookieFile::Create(folder_ / "absent" / ".cookie"));
}

}  // namespace
}  // namespace cairn::rpc
