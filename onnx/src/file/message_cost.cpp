#include "file/message_cost.hpp"

#include <iterator>
#include <span>
#include <stdexcept>

namespace xgrad::onnx {
namespace {

enum Kind {
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kEntry,
  kValueInfo,
  kType,
  kTensorType,
  kShape,
  kDimension,
  kOperatorSet
};
enum class Field { fixed, varints32, varints64, message };

struct FieldRule {
  std::uint32_t number;
  Field field;
  Kind of = kModel;
};

std::span<const FieldRule> rules_of(Kind kind) {
  static constexpr FieldRule model[] = {{7, Field::message, kGraph}, {8, Field::message, kOperatorSet}};
  static constexpr FieldRule graph[] = {{1, Field::message, kNode},
                                        {5, Field::message, kTensor},
                                        {11, Field::message, kValueInfo},
                                        {12, Field::message, kValueInfo}};
  static constexpr FieldRule node[] = {{5, Field::message, kAttribute}};
  static constexpr FieldRule attribute[] = {{5, Field::message, kTensor}, {7, Field::fixed}, {8, Field::varints64}};
  static constexpr FieldRule tensor[] = {{1, Field::varints64}, {4, Field::fixed},  {5, Field::varints32},
                                         {7, Field::varints64}, {10, Field::fixed}, {13, Field::message, kEntry}};
  static constexpr FieldRule value_info[] = {{2, Field::message, kType}};
  static constexpr FieldRule type[] = {{1, Field::message, kTensorType}};
  static constexpr FieldRule tensor_type[] = {{2, Field::message, kShape}};
  static constexpr FieldRule shape[] = {{1, Field::message, kDimension}};
  switch (kind) {
    case kModel:
      return model;
    case kGraph:
      return graph;
    case kNode:
      return node;
    case kAttribute:
      return attribute;
    case kTensor:
      return tensor;
    case kValueInfo:
      return value_info;
    case kType:
      return type;
    case kTensorType:
      return tensor_type;
    case kShape:
      return shape;
    case kEntry:
    case kDimension:
    case kOperatorSet:
      return {};
  }
  return {};
}

// What an object costs beside its contents: itself, its place in a list, and what the plan of load() makes of it.
constexpr std::uint64_t kObject = 512, kText = 64, kNumber = 16;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool done() const { return rest_.empty(); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (rest_.empty()) throw std::range_error("cut in the middle of a number");
      const auto byte = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      if (shift < 64) value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    throw std::range_error("a number of more than 64 bits");
  }
  std::string_view bytes(std::uint64_t n) {
    if (n > rest_.size()) throw std::range_error("cut in the middle of a field");
    const std::string_view found = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return found;
  }

 private:
  std::string_view rest_;
};

const FieldRule* rule_for(Kind kind, std::uint64_t number) {
  for (const FieldRule& r : rules_of(kind))
    if (r.number == number) return &r;
  return nullptr;
}

// The messages of a model hold no messages of their own kind, so the recursion ends.
std::uint64_t cost_of(Kind kind, std::string_view message) {
  std::uint64_t cost = kObject;
  for (Reader in(message); !in.done();) {
    const std::uint64_t tag = in.varint(), number = tag >> 3;
    if (number == 0 || number > 0x1fffffff) throw std::range_error("a field has an impossible number");
    switch (tag & 7) {
      case 0:
        in.varint();
        cost += kNumber;
        break;
      case 1:
        in.bytes(8);
        cost += kNumber;
        break;
      case 5:
        in.bytes(4);
        cost += kNumber;
        break;
      case 2: {
        const std::string_view content = in.bytes(in.varint());
        const FieldRule* rule = rule_for(kind, number);
        if (!rule)
          cost += kText + content.size();
        else if (rule->field == Field::message)
          cost += cost_of(rule->of, content);
        else if (rule->field == Field::fixed)
          cost += content.size();
        else  // at worst a byte for each number
          cost += (rule->field == Field::varints32 ? 4 : 8) * content.size();
        break;
      }
      default:
        throw std::range_error("a field of a kind that no model has");
    }
  }
  return cost;
}

}  // namespace

std::uint64_t parsed_bytes(std::string_view model) { return cost_of(kModel, model); }

}  // namespace xgrad::onnx
