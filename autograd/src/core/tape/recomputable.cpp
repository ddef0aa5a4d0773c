#include "core/tape/recomputable.hpp"

#include "core/tape/node.hpp"

namespace xgrad::detail {

void say_how(const Tensor& y, const TensorRefs& inputs, const Recipe& recipe) {
  Node* n = impl(y).grad_fn;
  if (!n) return;
  std::vector<TensorImpl*> aliases;  // the node's own handle to its result
  for (const SavedTensor& s : n->saved())
    if (s.impl && s.own_output >= 0 && s.impl->storage == impl(y).storage) aliases.push_back(s.impl);
  std::vector<const Tensor*> read;
  for (std::size_t i = 0; i < inputs.size(); ++i) read.push_back(&inputs[i]);
  add_recipe(y, aliases, read, recipe);
  make_room(y);
}

}  // namespace xgrad::detail
