// What an operation of the library computes and its local derivative, in symbols: one row for each operation, in the
// table of its family (formulas_FAMILY.cpp). Formulas say what the operation was told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "explorer/mathml.hpp"
#include "picture.hpp"

namespace xgrad::viz {

// What a formula is made of: the inputs ("" for one that was not given), the result, the number of x * 1.5, and what
// the operation was told.
struct Arguments {
  std::vector<std::string> a;
  std::string y, number;
  std::size_t position = 0;  // of the input that a derivative is by
  const PicNode* op = nullptr;
  Shape in;                           // of the first input
  std::vector<const PicNode*> nodes;  // of the inputs, null where one is not in the picture
  std::set<std::string> names;        // letters that stand for tensors here

  bool has(std::size_t i) const { return i < a.size() && !a[i].empty(); }
  const std::string& x() const { return a[position]; }
  std::string operand(std::size_t i) const { return has(i) ? a[i] : mo("…"); }
  std::string second() const;  // the second input, or the number in its place
  // A letter that is bound by a sum, or another one where that is the name of a tensor.
  std::string index(const char* letter) const;

  template <class T>
  T told(const char* name, T otherwise) const {
    return op->attributes ? op->attributes->get<T>(name).value_or(otherwise) : otherwise;
  }
  bool was_told(const char* name) const { return op->attributes && op->attributes->find(name); }
  std::string told_number(const char* name) const { return mn(told(name, 0.0)); }
  std::int64_t dim() const { return told<std::int64_t>("dim", 0); }
  bool has_reduction(const char* kind) const { return told<std::string>("reduction", "mean") == kind; }
};
using Formula = std::function<std::string(const Arguments&)>;

// slope: dy/dx of the input at `position`. Empty, or giving "": there is no short formula.
struct OpFormula {
  Formula formula, slope;
};
using OpFormulas = std::map<std::string, OpFormula>;

void add_arithmetic_formulas(OpFormulas& all);
void add_elementary_formulas(OpFormulas& all);
void add_activation_formulas(OpFormulas& all);
void add_reduction_formulas(OpFormulas& all);
void add_product_formulas(OpFormulas& all);
void add_layer_formulas(OpFormulas& all);
void add_recurrent_formulas(OpFormulas& all);
void add_loss_formulas(OpFormulas& all);
void add_shape_formulas(OpFormulas& all);

// Null for an operation without a row: y = name(inputs).
const OpFormula* formula_of(const std::string& op);

// Formulas of several families.
Formula constant(const char* number);                        // "1"
Formula named(const char* name);                             // name(x)
Formula infix(const char* sign);                             // x sign y
std::string mean_of(const std::string& what);                // 1/N what
std::string dims_text(const std::vector<std::int64_t>&);     // "dim 0, 2"
std::string with_dim(const char* name, const Arguments& x);  // name, with the dimension where it is not the last one

std::vector<std::int64_t> reduced_dims(const Arguments& x);
bool reduces_all(const Arguments& x);
// Of a loss of classes: rows whose class is ignored, which count neither in the sum nor in N.
bool leaves_out(const Arguments& x);

// Of a node that stands for an operation. inputs: nodes by position, -1 for one that is not in the picture.
Arguments arguments_of(const Picture& p, int node, const std::vector<int>& inputs, std::size_t position);

}  // namespace xgrad::viz
