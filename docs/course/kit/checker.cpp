#include "checker.hpp"

#include <cerrno>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <typeinfo>
#include <unistd.h>

#include <xgrad/autograd.hpp>
#include <xgrad/graph_node.hpp>
#include <xgrad/ops.hpp>
#include <xgrad/tape.hpp>

#include "child.hpp"
#include "compare.hpp"
#include "picture.hpp"
#include "todo.hpp"

namespace course {

using xgrad::Tensor;

namespace {

Tensor tensor_of(const Numbers& n) { return xgrad::from_vector(n.data, xgrad::Shape(n.shape)); }

// What each use of a node sends back, from hooks of all operations.
class Uses {
 public:
  explicit Uses(const Tensor& result) { visit(result.grad_fn()); }
  // By their numbers on the tape: operation -> one gradient for each input.
  const std::map<std::uint64_t, std::vector<Tensor>>& sent() const { return sent_; }

 private:
  void visit(xgrad::GraphNode node) {
    if (!node || node.name() == "AccumulateGrad" || !seen_.insert(node.sequence_nr()).second) return;
    const std::uint64_t number = node.sequence_nr();
    node.register_hook(
        [this, number](const std::vector<Tensor>& inputs, const std::vector<Tensor>&) { sent_[number] = inputs; });
    for (const auto& [next, output] : node.next_functions()) visit(next);
  }
  std::set<std::uint64_t> seen_;
  std::map<std::uint64_t, std::vector<Tensor>> sent_;
};

void describe_graph(const xgrad::tape::Graph& graph, const Uses& uses, Truth& truth) {
  const auto name_of = [](const xgrad::tape::OpNode& op) { return op.names.empty() ? "" : op.names[0]; };
  for (const xgrad::tape::OpNode& op : graph.nodes) {
    truth.ops[name_of(op)] = op.op;
    const auto sent = uses.sent().find(op.sequence);
    for (std::size_t i = 0; i < op.inputs.size(); ++i) {
      const xgrad::tape::Input& in = op.inputs[i];
      const std::string node = in.node >= 0 ? name_of(graph.nodes[static_cast<std::size_t>(in.node)])
                               : in.source  ? in.source->name
                                            : "";
      const bool known = sent != uses.sent().end() && i < sent->second.size() && sent->second[i].defined();
      truth.uses.push_back({node, name_of(op), op.op, known ? numbers_of(sent->second[i]) : Numbers()});
    }
  }
}

// xgrad's run of a check, and its graph for a picture.
struct Run {
  Tensor result;
  Truth truth;
};

Run run_library(const Check& check) {
  Library library;
  Run run{check.library(library), {}};
  if (library.nodes().empty() || !run.result.requires_grad()) throw std::logic_error("a check without a graph");
  const Uses uses(run.result);
  for (const auto& [node, t] : library.nodes()) {
    if (node == library.nodes().back().first) run.truth.result = node;
    run.truth.nodes.push_back(node);
    run.truth.values[node] = numbers_of(t.detach());
    if (t.requires_grad() && !t.is_leaf()) Tensor(t).retain_grad();
  }
  for (int pass = 0; check.backward && pass < check.passes; ++pass) {
    for (const auto& [node, t] : library.nodes())
      if (!(check.leaves_add_up && t.is_leaf())) Tensor(t).set_grad(Tensor());
    const xgrad::BackwardOptions keep{.retain_graph = pass + 1 < check.passes};
    check.seed.data.empty() ? run.result.backward(keep) : run.result.backward(tensor_of(check.seed), keep);
  }
  for (const auto& [node, t] : library.nodes())
    if (check.backward && t.requires_grad()) run.truth.gradients[node] = numbers_of(t.grad());
  describe_graph(xgrad::tape::collect(run.result), uses, run.truth);
  return run;
}

void run_mine(const Check& check, int descriptor) {
  Teller teller(descriptor);
  try {
    check.mine(teller);
  } catch (const Todo& t) {
    teller.send('t', t.what(), {});
  } catch (const std::invalid_argument& e) {
    teller.send('i', e.what(), {});
  } catch (const std::exception& e) {
    teller.send('e', e.what(), {});
  } catch (...) {
    teller.send('e', "(not a std::exception)", {});
  }
}

std::string padded(std::string s, std::size_t width) {
  std::size_t letters = 0;
  for (char c : s) letters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return letters < width ? s + std::string(width - letters, ' ') : s;
}

void print(const Lab& lab, const Check& check, const Verdict& v, bool in_full) {
  const char* word = v.kind == Verdict::Kind::right ? "ok     " : v.kind == Verdict::Kind::todo ? "to do  " : "WRONG  ";
  std::cout << "  " << word << padded(check.title, 26) << check.formula << "\n";
  if (!in_full) return;
  const auto line = [](const std::string& text) { std::cout << "           " << text << "\n"; };
  if (v.kind == Verdict::Kind::todo) return line(v.sentence);
  line(v.sentence);
  line("look at    " + v.function + " in " + lab.file);
  if (!v.hint.empty()) line("perhaps    " + v.hint);
}

// Where a picture that cannot be drawn is no reason to say nothing.
void draw_verdict(const Lab& lab, const Check& check, const Run& run, const Verdict& v, const std::string& path) {
  const std::string caption = "Lab " + std::to_string(lab.number) + ", " + check.title + ": " + v.sentence;
  const std::string written = draw(marked_graph(run.result, v, caption), path);
  if (!written.empty())
    std::cout << "           picture    " << written << "  (the " << v.what << " of “" << v.node << "” is marked)\n";
}

}  // namespace

Numbers numbers_of(const Tensor& t) {
  Numbers n;
  if (!t.defined()) return n;
  n.shape.assign(t.shape().begin(), t.shape().end());
  n.data = t.detach().to(xgrad::kFloat64).to_vector<double>();
  return n;
}

Tensor Library::name(const std::string& node, const Tensor& t) {
  nodes_.emplace_back(node, t);
  return Tensor(t).set_name(node);
}
Tensor Library::leaf(const std::string& node, const Numbers& n) { return name(node, tensor_of(n).requires_grad_()); }
Tensor Library::data(const std::string& node, const Numbers& n) { return name(node, tensor_of(n)); }
// No node of yours: your code has classes as plain numbers.
Tensor Library::classes(const std::string& node, const std::vector<int>& y) {
  const std::vector<std::int64_t> wide(y.begin(), y.end());
  return xgrad::from_vector(wide, xgrad::Shape{static_cast<std::int64_t>(wide.size())}).set_name(node);
}

void Teller::send(char kind, const std::string& text, const Numbers& n) {
  std::string bytes(1, kind);
  const auto put = [&bytes](const void* from, std::size_t size) { bytes.append(static_cast<const char*>(from), size); };
  const auto length = static_cast<std::uint32_t>(text.size()), dims = static_cast<std::uint32_t>(n.shape.size());
  const std::uint64_t count = n.data.size();
  put(&length, sizeof length), bytes += text;
  put(&dims, sizeof dims), put(n.shape.data(), 8 * n.shape.size());
  put(&count, sizeof count), put(n.data.data(), 8 * n.data.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t written = write(descriptor_, bytes.data() + at, bytes.size() - at);
    if (written < 0 && errno != EINTR) return;
    at += written > 0 ? static_cast<std::size_t>(written) : 0;
  }
}

int run(const Lab& lab, int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "lab" + std::to_string(lab.number) + ".svg";
  std::cout << "Lab " << lab.number << ": " << lab.title << "\n";
  std::size_t passed = 0, to_do = 0, wrong = 0;
  std::set<std::string> told = {""};  // the places to fill
  for (const Check& check : lab.checks) {
    const ChildEnd mine = run_in_child([&check](int descriptor) { run_mine(check, descriptor); });
    const xgrad::TapeRecorder values_for_pictures;
    const Run library = check.library ? run_library(check) : Run();
    const Verdict v = judge(check, library.truth, mine);
    const bool first = v.kind == Verdict::Kind::wrong ? wrong == 0 : told.insert(v.sentence).second;
    print(lab, check, v, first);
    if (v.kind == Verdict::Kind::wrong && first && check.library) draw_verdict(lab, check, library, v, path);
    ++(v.kind == Verdict::Kind::right ? passed : v.kind == Verdict::Kind::todo ? to_do : wrong);
  }
  std::cout << passed << " of " << lab.checks.size() << " checks pass";
  if (to_do) std::cout << ", " << to_do << " wait for what is still to do in " << lab.file;
  if (wrong) std::cout << ", " << wrong << (wrong == 1 ? " is" : " are") << " wrong: begin with the first";
  std::cout << (passed == lab.checks.size() ? ": this lab is done.\n" : ".\n");
  return passed == lab.checks.size() ? 0 : 1;
}

}  // namespace course
