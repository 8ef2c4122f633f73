// Two columns of text: what a thing is called, and what it means, aligned below one another.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace cairn::rpc {

class HelpColumns {
 public:
  void Add(std::string left, std::string right) {
    lines_.emplace_back(std::move(left), std::move(right));
  }

  std::string ToString() const {
    constexpr size_t kGap = 4;
    size_t width = 0;
    for (const auto& [left, right] : lines_) width = std::max(width, left.size());
    width += kGap;
    std::string text;
    for (const auto& [left, right] : lines_) {
      text += left;
      if (!right.empty()) {
        text.append(width - left.size(), ' ');
        for (const char c : right) {
          text += c;
          if (c == '\n') text.append(width, ' ');
        }
      }
      text += '\n';
    }
    return text;
  }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace cairn::rpc
