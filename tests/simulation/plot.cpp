#include "tests/simulation/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace cairn::simulation {
namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 420;
constexpr double kLeft = 70;
constexpr double kRight = 20;
constexpr double kTop = 40;
constexpr double kBottom = 55;
constexpr int kTicks = 5;
constexpr std::array<const char*, 5> kColours = {"#1f6fb2", "#d1495b", "#2e8b57", "#8a5fbf",
                                                 "#c98a1b"};

std::string Number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

std::string Pixel(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

/// The lowest of 1, 2, 5 times a power of ten that is not below the value.
double RoundUp(double value) {
  if (value <= 0) return 1;
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0, 10.0}) {
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

std::string Text(double x, double y, const std::string& text, const std::string& more = "") {
  return "<text x=\"" + Pixel(x) + "\" y=\"" + Pixel(y) + "\" " + more + ">" + text + "</text>\n";
}

std::string Line(double x1, double y1, double x2, double y2, const std::string& colour) {
  return "<line x1=\"" + Pixel(x1) + "\" y1=\"" + Pixel(y1) + "\" x2=\"" + Pixel(x2) + "\" y2=\"" +
         Pixel(y2) + "\" stroke=\"" + colour + "\"/>\n";
}

/// From values to pixels.
struct Frame {
  double most_x = 1;
  double most_y = 1;

  double X(double value) const { return kLeft + (kWidth - kLeft - kRight) * value / most_x; }
  double Y(double value) const {
    return kHeight - kBottom - (kHeight - kTop - kBottom) * value / most_y;
  }
};

std::string Axes(const Frame& frame, const Plot& plot) {
  std::string svg;
  for (int i = 0; i <= kTicks; ++i) {
    const double x = frame.most_x * i / kTicks;
    const double y = frame.most_y * i / kTicks;
    svg += Line(frame.X(x), frame.Y(0), frame.X(x), frame.Y(frame.most_y), "#e4e4e4");
    svg += Line(frame.X(0), frame.Y(y), frame.X(frame.most_x), frame.Y(y), "#e4e4e4");
    svg += Text(frame.X(x), frame.Y(0) + 18, Number(x), "text-anchor=\"middle\"");
    svg += Text(frame.X(0) - 8, frame.Y(y) + 4, Number(y), "text-anchor=\"end\"");
  }
  svg += Line(frame.X(0), frame.Y(0), frame.X(frame.most_x), frame.Y(0), "#333");
  svg += Line(frame.X(0), frame.Y(0), frame.X(0), frame.Y(frame.most_y), "#333");
  svg += Text((kLeft + kWidth - kRight) / 2, kHeight - 14, plot.x_label, "text-anchor=\"middle\"");
  const double middle = (kTop + kHeight - kBottom) / 2;
  svg += Text(18, middle, plot.y_label,
              "text-anchor=\"middle\" transform=\"rotate(-90 18 " + Pixel(middle) + ")\"");
  svg += Text(kLeft, 24, plot.title, "font-size=\"15\"");
  return svg;
}

}  // namespace

std::string Plot::ToSvg() const {
  Frame frame{0, 0};
  for (const Curve& curve : curves) {
    for (const auto& [x, y] : curve.points) {
      frame.most_x = std::max(frame.most_x, x);
      frame.most_y = std::max(frame.most_y, y);
    }
  }
  frame = {RoundUp(frame.most_x), RoundUp(frame.most_y)};
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + Pixel(kWidth) +
                    "\" height=\"" + Pixel(kHeight) +
                    "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  svg += Axes(frame, *this);
  for (size_t i = 0; i < curves.size(); ++i) {
    const std::string colour = kColours[i % kColours.size()];
    std::string points;
    for (const auto& [x, y] : curves[i].points) {
      points += Pixel(frame.X(x)) + "," + Pixel(frame.Y(y)) + " ";
    }
    svg += "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" + colour + "\" points=\"" +
           points + "\"/>\n";
    const double y = kHeight - kBottom - 14 - 18 * static_cast<double>(curves.size() - 1 - i);
    svg += Text(kWidth - kRight - 8, y, curves[i].label,
                "text-anchor=\"end\" fill=\"" + colour + "\"");
  }
  return svg + "</svg>\n";
}

Curve CumulativeCurve(std::string label, std::vector<int32_t> milliseconds) {
  constexpr size_t kMostPoints = 200;
  Curve curve;
  curve.label = std::move(label);
  std::sort(milliseconds.begin(), milliseconds.end());
  const size_t count = milliseconds.size();
  const size_t points = std::min(count, kMostPoints);
  for (size_t i = 1; i <= points; ++i) {
    const size_t rank = count * i / points;
    curve.points.emplace_back(milliseconds[rank - 1] / 1000.0,
                              100.0 * static_cast<double>(rank) / static_cast<double>(count));
  }
  return curve;
}

}  // namespace cairn::simulation
