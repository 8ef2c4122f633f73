"""Shows which coroutine patterns the lint refuses and which it lets pass."""

import unittest

import coroutines

BAD = {
    "braced temporary as an argument": "Task<void> F() { co_await Send(Message{1, text}); }",
    "braced temporary without a type": "Task<void> F() { co_await Send({1, text}); }",
    "braced temporary beside the await": "Task<void> F() { Use(Options{1}, co_await Read()); }",
    "braced temporary inside a condition": "Task<void> F() { if (co_await Send(Message{1})) { Stop(); } }",
    "template temporary": "Task<void> F() { co_await Send(std::array<Buffer, 2>{a, b}); }",
    "temporary in a second statement": "Task<void> F() { Message m{1}; co_await Send(m); co_await Send(Message{2}); }",
    "named aggregate around an await": "Task<void> F() { Request request{co_await Read()}; }",
    "assigned aggregate around an await": "Task<void> F() { Request r = {1, co_await Read()}; }",
    "returned aggregate around an await": "Task<R> F() { co_return R{co_await Read()}; }",
    "capture by value": "Task<void> F() { co_await Post([x] { Use(x); }); }",
    "capture with initialiser": "Task<void> F() { co_await Post([x = std::move(x)]() mutable { Use(x); }); }",
    "capture of everything by value": "Task<void> F() { co_await Post([=] { Use(x); }); }",
    "std::function inside a coroutine": "Task<void> F() { std::function<void()> f = G; co_return; }",
    "async_initiate inside a coroutine": "Task<void> F() { auto x = async_initiate<T, S>(Go, token); co_await x; }",
    "std::function in a coroutine lambda": "void F() { Spawn([]() -> Task<void> { std::function<int()> f; co_return; }); }",
    "reference parameter": "net::awaitable<void> Serve(const Request& request);",
    "reference parameter of a method": "awaitable<Result<int>> Server::Serve(int a, Socket& s) { co_return 1; }",
    "reference parameter of a lambda": "void F() { Spawn([](Socket& s) mutable -> Task<void> { co_return; }); }",
    "rvalue reference parameter": "Task<void> Serve(Socket&& s);",
}

GOOD = {
    "named first, then moved in": "Task<void> F() { Message m{1, text}; co_await Send(std::move(m)); }",
    "constructor with round brackets": "Task<void> F() { co_await Send(Message(1, text)); }",
    "reference captures": "Task<void> F() { co_await Post([&x, this] { Use(x); }); co_await Post([&] { Use(x); }); }",
    "lambda without parameters or captures": "Task<void> F() { co_await Post([] { Use(Options{1}); }); }",
    "braces before and after": "Task<void> F() { A a{1}; if (co_await G()) { B b{2}; } else { C c{3}; } D d{4}; }",
    "loop": "Task<void> F() { for (;;) { const auto [a, b] = co_await G(); Use(A{a, b}); } }",
    "while": "Task<void> F() { while (co_await Next(x)) Use(A{1}); }",
    "try": "Task<void> F() { try { co_await G(); } catch (const E& e) { Use(A{e}); } }",
    "captures where nothing is awaited": "Task<void> F() { auto f = [x] { Use(x); }; co_await Post(std::move(f)); }",
    "co_return of braces without await": "Task<R> F() { co_return R{1, 2}; }",
    "std::function in an ordinary function": "void F() { std::function<void()> f = G; f(); }",
    "async_initiate in an ordinary function": "auto F(Token t) { return async_initiate<Token, S>(Go, t); }",
    "coroutine lambda in a function": "void F() { std::function<void()> f; Spawn([]() -> Task<void> { co_return; }); }",
    "values as parameters": "net::awaitable<void> Serve(std::shared_ptr<Server> s, std::function<void(int&)> f);",
    "references elsewhere": "void F(const Request& r); Task<void> G(Request r); Request& H();",
    "subscript": "Task<void> F() { co_await Send(list[0], list[x]); }",
    "comment and string": 'Task<void> F() { co_await Send("Message{1}"); /* co_await Send(M{1}); */ }',
    "class with a coroutine": "class A : public B { public: Task<void> F() { co_await g_; } int x_{1}; };",
    "method after specifiers": "Task<void> A::F() const noexcept { co_await g_; }",
    "constructor with initialisers": "A::A(int x) : x_{x}, y_(x) { Go(); } Task<void> A::Run() { co_await y_; }",
    "switch": "Task<void> F() { switch (x) { case 1: { co_await G(); break; } default: { A a{1}; } } }",
}


class CoroutineLint(unittest.TestCase):
    def test_bad_patterns_are_refused(self):
        for name, text in BAD.items():
            with self.subTest(name):
                self.assertEqual(len(coroutines.check_text(text)), 1, coroutines.check_text(text))

    def test_good_patterns_pass(self):
        for name, text in GOOD.items():
            with self.subTest(name):
                self.assertEqual(coroutines.check_text(text), [])

    def test_lines_are_named(self):
        text = "Task<void> F() {\n  // why\n  co_await Send(\n      Message{1});\n}\n"
        self.assertEqual([line for line, _ in coroutines.check_text(text)], [4])


if __name__ == "__main__":
    unittest.main()
