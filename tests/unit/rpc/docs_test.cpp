// The texts that are generated from the method table.
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>

#include "cairn/rpc/help.h"
#include "tests/support/vectors.h"
#include "tests/unit/rpc/support.h"

namespace cairn::rpc {
namespace {

TEST(Docs, TheReferencePageIsUpToDate) {
  const std::string path = CAIRN_SOURCE_DIR "/docs/rpc.md";
  const std::string wanted = MarkdownReference(AllMethods());
  if (std::getenv("CAIRN_UPDATE_DOCS") != nullptr) std::ofstream(path) << wanted;
  EXPECT_EQ(test::ReadText(path), wanted) << "run this test with CAIRN_UPDATE_DOCS=1";
}

TEST(Docs, EveryMethodIsDescribed) {
  for (const Method& method : AllMethods().methods()) {
    EXPECT_FALSE(method.description.empty()) << method.name;
    EXPECT_FALSE(method.results.empty()) << method.name;
    for (const std::string& example : method.examples) {
      EXPECT_TRUE(ParseOrFail(example).IsArray()) << method.name << ": " << example;
    }
  }
}

TEST(Docs, HelpHasTheFamiliarLayout) {
  const Method method{.name = "getthing",
                      .group = "things",
                      .description = "Gives a thing.",
                      .params = {Required("hash", ParamType::kHex, "Its hash"),
                                 Optional("verbose", ParamType::kBool, "false", "Say more")},
                      .results = {{ResultType::kHex, "", "The thing"},
                                  {ResultType::kObject,
                                   "",
                                   "",
                                   {{ResultType::kString, "name", "Its name"},
                                    {ResultType::kArray,
                                     "parts",
                                     "Its parts",
                                     {{ResultType::kNumber, "", "A size"}},
                                     true}}}},
                      .examples = {R"(["00ff", true])"}};
  EXPECT_EQ(HelpText(method),
            "getthing \"hash\" ( verbose )\n"
            "\n"
            "Gives a thing.\n"
            "\n"
            "Arguments:\n"
            "1. hash       (string, required) Its hash\n"
            "2. verbose    (boolean, optional, default=false) Say more\n"
            "\n"
            "Result:\n"
            "\"hex\"    (string) The thing\n"
            "\n"
            "Result:\n"
            "{                    (json object)\n"
            "  \"name\" : \"str\",    (string) Its name\n"
            "  \"parts\" : [        (json array, optional) Its parts\n"
            "    n,               (numeric) A size\n"
            "    ...\n"
            "  ],\n"
            "}\n"
            "\n"
            "Examples:\n"
            "> cairn-cli getthing \"00ff\" true\n"
            "> curl --user myusername --data-binary '{\"jsonrpc\": \"2.0\", \"id\": \"curltest\", "
            "\"method\": "
            "\"getthing\", \"params\": [\"00ff\", true]}' -H 'content-type: application/json' "
            "http://127.0.0.1:8332/\n");
}

TEST(Docs, TheOpenRpcDocumentNamesEveryMethod) {
  const json::Value document = ParseOrFail(OpenRpcDocument(AllMethods()));
  const auto& methods = document.Find("methods")->Items();
  ASSERT_EQ(methods.size(), AllMethods().methods().size());
  for (const json::Value& method : methods) {
    EXPECT_TRUE(AllMethods().Find(method.Find("name")->Text()));
    EXPECT_TRUE(method.Find("result")->Find("schema")->IsObject());
    for (const json::Value& param : method.Find("params")->Items()) {
      EXPECT_TRUE(param.Find("schema")->IsObject());
    }
  }
}

}  // namespace
}  // namespace cairn::rpc
