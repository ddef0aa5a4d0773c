// A page of the explorer, and its data.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <xgrad/ops.hpp>
#include <xgrad/viz.hpp>

#include "support.hpp"
#include "text_support.hpp"

namespace xgrad::test {

using nlohmann::json;

inline std::string page_of(const Tensor& root, const viz::Options& options = {}, Location at = Location::current()) {
  const TempDir dir;
  const std::string path = dir / "net.html";
  BOOST_TEST(viz::save(root, path, options, at) == path);
  return read_file(path);
}
inline json data_of(const std::string& page) {
  const std::string start = "<script type=\"application/json\" id=\"data\">";
  const auto from = page.find(start) + start.size();
  return json::parse(page.substr(from, page.find("</script>", from) - from));
}
inline const json& node_of(const json& data, const std::string& id) {
  for (const json& n : data.at("nodes"))
    if (n.at("id") == id) return n;
  throw std::runtime_error("no node " + id);
}
inline const json& titled(const json& data, const std::string& title) {
  for (const json& n : data.at("nodes"))
    if (n.at("title") == title && n.at("kind") != "ghost") return n;
  throw std::runtime_error("no node " + title);
}
// The backward step of the first operation of that name.
inline const json& backward_of(const json& data, const std::string& title) {
  for (const json& s : data.at("steps"))
    if (s.at("phase") == "backward" && node_of(data, s.at("node")).at("title") == title) return s;
  throw std::runtime_error("no step " + title);
}
inline json seed_of(const json& data) {
  for (const json& s : data.at("steps"))
    if (s.at("phase") == "seed") return s;
  throw std::runtime_error("no seed");
}
inline std::vector<std::string> forms(const json& step) {
  std::vector<std::string> all;
  for (const json& t : step.at("terms"))
    all.push_back(t.at("local").is_null() ? "-" : t.at("local").at("form").get<std::string>());
  return all;
}

inline Tensor values(const Shape& shape, double phase) {
  std::vector<double> v;
  for (std::int64_t i = 0; i < shape.numel(); ++i) v.push_back(std::sin(1.7 * static_cast<double>(i) + phase));
  return from_vector(v, shape);
}
inline Tensor leaf(const Shape& shape, double phase) { return values(shape, phase).requires_grad_(); }

}  // namespace xgrad::test
