// The graph of one step of a scan.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/tape/node.hpp"
#include "core/tape/target_table.hpp"

namespace xgrad::detail {

// Where a value of a step comes from.
struct Wire {
  enum class To : std::uint8_t { nothing, node, leaf, outside };
  To to = To::nothing;
  std::uint32_t index = 0;   // of the node, of the leaf of the step, of what stands outside
  std::uint32_t number = 0;  // which output of the node
};

// A tensor that has one value for all places: where only its place on the tape counts.
Tensor without_values(const Shape& shape, DType dtype);

// What the steps of a scan read that takes a gradient and was not given to them: leaves, and results of operations
// outside, these without their values.
class OutsideTensors {
 public:
  OutsideTensors(const char* op, const Location& at);
  // The number of what an edge leads to. AutogradError when something that an earlier step was given stands behind it.
  std::uint32_t number_of(const Edge& e);
  const std::vector<Tensor>& tensors() const { return tensors_; }
  std::size_t step = 0;  // that reads them, for errors

 private:
  bool is_inner(const Edge& e) const;

  const char* op_;
  Location at_;
  std::uint64_t began_;       // newest creation number before all steps
  std::uint32_t first_leaf_;  // number of the first leaf of a step
  std::vector<Tensor> tensors_;
  TargetTable numbers_;
};

class StepTape {
 public:
  // roots: edges to results of operations newer than `start`, on `leaves`.
  StepTape(std::uint64_t start, std::vector<Tensor> leaves, std::span<const Edge> roots, OutsideTensors& outside);
  ~StepTape();
  StepTape(const StepTape&) = delete;
  StepTape& operator=(const StepTape&) = delete;

  std::span<Node* const> nodes() const { return nodes_; }  // newest first
  std::span<const Edge> roots() const { return roots_; }   // of the results
  std::span<const Tensor> leaves() const { return leaves_; }
  std::uint64_t start() const { return start_; }
  std::size_t saved_count() const { return links_.size(); }
  // Wires of the inputs of all nodes, node by node; of what they saved; of the results.
  std::span<const Wire> wires() const { return wires_; }
  std::span<const Wire> links() const { return links_; }
  std::span<const Wire> root_wires() const { return root_wires_; }
  // Whether others may use these nodes: they have no hooks, and nothing that cannot be copied.
  bool can_be_shared() const { return can_be_shared_; }
  bool has_hooks() const { return has_hooks_; }

  // Whether another step, with these roots and leaves, did the same. Then `same` are its nodes.
  bool is_repeated_by(std::uint64_t start, std::span<const Edge> roots, std::span<const Tensor> leaves,
                      std::span<const Tensor> outside, std::vector<Node*>& same) const;
  // Moves what the nodes `same` saved to the end of `values`, provided that nobody else holds them or their results.
  // holds: references to each node that the caller has, beside one for each root.
  bool take_saved(std::span<Node* const> same, int holds, std::vector<SavedTensor>& values) const;
  // The numbers that backward functions captured, of all nodes; empty when they are those of this tape.
  std::vector<std::byte> other_closures(std::span<Node* const> same) const;

 private:
  StepTape(std::uint64_t start, std::vector<Tensor> leaves, std::span<const Edge> roots);
  void collect(OutsideTensors& outside);
  Wire wire_of(const Edge& e, OutsideTensors& outside) const;
  Wire link_of(TensorImpl& t, OutsideTensors& outside) const;
  int leaf_number(const TensorImpl* t) const;
  bool same_node(const Node& a, const Node& b) const;

  std::uint64_t start_;
  std::vector<Tensor> leaves_;
  std::vector<Node*> nodes_;
  std::vector<Edge> roots_;
  std::vector<Wire> wires_, links_, root_wires_;
  std::vector<std::uint32_t> uses_;  // of each node: edges to it, and results
  std::vector<std::int32_t> index_;  // of the node with creation number start + 1 + i; -1: none
  bool can_be_shared_ = true, has_hooks_ = false;
};

// The edges to results: as an operation on them would have.
Edge edge_to_result(const Tensor& t);

}  // namespace xgrad::detail
