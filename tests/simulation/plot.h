// A plot of curves as an SVG picture.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace cairn::simulation {

struct Curve {
  std::string label;
  std::vector<std::pair<double, double>> points;  // x ascends
};

struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<Curve> curves;

  /// The whole file. The axes begin at zero and end at round numbers.
  std::string ToSvg() const;
};

/// Which share of the values (milliseconds) lies below each time in seconds; few points even of
/// many values.
Curve CumulativeCurve(std::string label, std::vector<int32_t> milliseconds);

}  // namespace cairn::simulation
