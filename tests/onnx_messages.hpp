// ONNX files by hand, message by message, for the tests of what load() reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace xgrad::test {

struct Message {
  std::string bytes;
  Message& varint(std::uint64_t v) {
    for (; v >= 0x80; v >>= 7) bytes += static_cast<char>(v | 0x80);
    bytes += static_cast<char>(v);
    return *this;
  }
  Message& number(int field, std::int64_t v) {
    return varint(static_cast<std::uint64_t>(field) << 3).varint(static_cast<std::uint64_t>(v));
  }
  Message& text(int field, const std::string& v) {
    varint(static_cast<std::uint64_t>(field) << 3 | 2).varint(v.size());
    bytes += v;
    return *this;
  }
  Message& add(int field, const Message& m) { return text(field, m.bytes); }
};

inline Message tensor_message(const std::string& name, const std::vector<std::int64_t>& dims, int type,
                              std::size_t bytes) {
  Message m;
  for (const std::int64_t n : dims) m.number(1, n);
  return m.number(2, type).text(8, name).text(9, std::string(bytes, '\0'));
}
inline Message value_message(const std::string& name, const std::vector<std::int64_t>& sizes = {2, 3}, int type = 1) {
  Message shape;
  for (const std::int64_t n : sizes) shape.add(1, Message().number(1, n));
  return Message().text(1, name).add(2, Message().add(1, Message().number(1, type).add(2, shape)));
}
inline Message node_message(const std::string& type, const std::vector<std::string>& in,
                            const std::vector<std::string>& out, const std::string& name = "n") {
  Message m;
  for (const std::string& s : in) m.text(1, s);
  for (const std::string& s : out) m.text(2, s);
  return m.text(3, name).text(4, type);
}
inline Message int_attribute(const std::string& name, std::int64_t v) {
  return Message().text(1, name).number(3, v).number(20, 2);
}

struct Graph {
  Message graph;
  std::int64_t set = 17;
  Graph& node(const Message& m) { return graph.add(1, m), *this; }
  Graph& tensor(const Message& m) { return graph.add(5, m), *this; }
  Graph& input(const Message& m) { return graph.add(11, m), *this; }
  Graph& output(const Message& m) { return graph.add(12, m), *this; }
  Graph& operator_set(std::int64_t v) { return set = v, *this; }
  std::string model() const {
    return Message().number(1, 8).add(7, graph).add(8, Message().text(1, "").number(2, set)).bytes;
  }
};

}  // namespace xgrad::test
