// Packed sequences, transformers, lazy layers, hooks before a module's backward pass, and further layers by value.
#include <cmath>

#include <xgrad/autograd.hpp>
#include <xgrad/gradcheck.hpp>
#include <xgrad/nn.hpp>
#include <xgrad/optim.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;
namespace rnn = nn::utils::rnn;

namespace {

Tensor r(const Shape& shape) { return randn(shape, {kFloat64}); }

std::string names(const NamedTensors& list) {
  std::string all;
  for (const auto& [key, t] : list) all += key + " ";
  return all;
}

Tensor last_state(const Tensor& h) { return h; }
Tensor last_state(const LSTMState& s) { return cat({s.h, s.c}, 2); }
Tensor state_of(const nn::RNN&, const RNNOutput& o) { return o.h; }
Tensor state_of(const nn::GRU&, const RNNOutput& o) { return o.h; }
Tensor state_of(const nn::LSTM&, const LSTMOutput& o) { return last_state(o.state); }

// A packed batch gives what every sequence gives by itself, and its gradients are right.
template <class M>
void check_packed(M m) {
  m.to(kFloat64);
  const std::vector<std::int64_t> lengths{2, 4, 1, 4};
  const Tensor x = r({4, 4, 2}).requires_grad_();
  const auto packed = rnn::pack_padded_sequence(x, lengths, {.enforce_sorted = false});
  const auto [y, state] = m(packed);
  const auto [out, again] = rnn::pad_packed_sequence(y);
  BOOST_TEST(again.template to_vector<std::int64_t>() == lengths, boost::test_tools::per_element());
  for (std::int64_t i = 0; i < 4; ++i) {
    const std::int64_t n = lengths[static_cast<std::size_t>(i)];
    const auto own = m(narrow(narrow(x, 0, 0, n), 1, i, 1));
    BOOST_TEST(allclose(narrow(narrow(out, 0, 0, n), 1, i, 1), own.output));
    BOOST_TEST(allclose(narrow(last_state(state), 1, i, 1), state_of(m, own)));
    if (n < 4) BOOST_TEST(amax(abs(select(out, 1, i).slice(0, n, 4))).item() == 0);
  }
  std::vector<Tensor> wanted{x};
  for (const Tensor& p : m.parameters()) wanted.push_back(p);
  BOOST_TEST(gradcheck(
      [&](const std::vector<Tensor>& in) {
        const auto [z, s] = m(rnn::pack_padded_sequence(in[0], lengths, {.enforce_sorted = false}));
        return std::vector<Tensor>{z.data, last_state(s)};
      },
      wanted, {.fast_mode = true}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sequences)

BOOST_AUTO_TEST_CASE(packing_and_padding) {
  const Tensor x = tensor({{1., 4., 6.}, {2., 5., 0.}, {3., 0., 0.}});  // (T, N)
  const auto packed = rnn::pack_padded_sequence(x, {3, 2, 1});
  check_close(packed.data, {1, 4, 6, 2, 5, 3});
  check_close(packed.batch_sizes, {3, 2, 1});
  BOOST_TEST((!packed.sorted_indices.defined() && !packed.unsorted_indices.defined()));
  const auto [back, lengths] = rnn::pad_packed_sequence(packed, {.padding_value = -1, .total_length = 4});
  check_close(back, {1, 4, 6, 2, 5, -1, 3, -1, -1, -1, -1, -1});
  const auto turned = rnn::pack_padded_sequence(transpose(x, 0, 1), tensor({3, 2, 1}), {.batch_first = true});
  check_close(turned.data, {1, 4, 6, 2, 5, 3});
  const std::vector<Tensor> list{tensor({1., 2.}), tensor({3., 4., 5.})};
  check_close(rnn::pad_sequence(list, {.batch_first = true}), {1, 2, 0, 3, 4, 5});
  check_close(rnn::pad_sequence(list, {.padding_value = 9, .padding_left = true}), {9, 3, 1, 4, 2, 5});
  for (const bool first : {false, true})
    for (const bool left : {false, true}) {
      const auto pad = [=](const std::vector<Tensor>& in) {
        return rnn::pad_sequence(in, {.batch_first = first, .padding_left = left});
      };
      const std::vector<Tensor> in{r({2, 2}).requires_grad_(), r({0, 2}).requires_grad_(), r({3, 2}).requires_grad_()};
      BOOST_TEST((gradcheck(pad, in) && gradgradcheck(pad, in)));
    }
  const auto sorted = rnn::pack_sequence(list, false);
  check_close(sorted.data, {3, 1, 4, 2, 5});
  check_close(sorted.sorted_indices, {1, 0});
  const auto unpacked = rnn::unpack_sequence(sorted);
  check_close(unpacked[0], {1, 2});
  check_close(unpacked[1], {3, 4, 5});
  BOOST_TEST(gradcheck(
      [&](const std::vector<Tensor>& in) {
        return std::vector<Tensor>{
            rnn::pad_packed_sequence(rnn::pack_padded_sequence(in[0], {1, 3}, {.enforce_sorted = false})).output};
      },
      {r({3, 2, 2}).requires_grad_()}));
  expect<ValueError>({"pack_padded_sequence", "2 lengths for 3 sequences"}, [&] {
    rnn::pack_padded_sequence(x, {3, 2});
  });
  expect<ValueError>({"must not increase, 3 follows 1", "enforce_sorted = false"}, [&] {
    rnn::pack_padded_sequence(x, {1, 3, 1});
  });
  expect<ValueError>({"lengths must be in [1, 3], got 0 for sequence 2"}, [&] {
    rnn::pack_padded_sequence(x, {3, 2, 0});
  });
  expect<ValueError>({"total_length 2"}, [&] { rnn::pad_packed_sequence(packed, {.total_length = 2}); });
  expect<ValueError>({"no sequences"}, [] { rnn::pad_sequence({}); });
  expect<ShapeError>({"same sizes but for the first"}, [] { rnn::pad_sequence({zeros({2, 3}), zeros({2, 4})}); });
  const rnn::PackedSequence broken{zeros({4, 2}), tensor({2, 3})};
  expect<ValueError>({"GRU", "add up to the rows"}, [&] { nn::GRU(2, 2)(broken); });
}

BOOST_AUTO_TEST_CASE(packed_batches_are_their_sequences) {
  manual_seed(1);
  check_packed(nn::RNN(2, 3, {.num_layers = 2}));
  check_packed(nn::GRU(2, 3, {.bidirectional = true}));
  check_packed(nn::LSTM(2, 3, {.num_layers = 2, .bidirectional = true, .proj_size = 2}));
  nn::LSTM lstm(2, 3);
  const auto packed = rnn::pack_sequence({randn({3, 2}), randn({1, 2})});
  const LSTMState first{randn({1, 2, 3}), randn({1, 2, 3})};
  const auto [y, state] = lstm(packed, {first.h, first.c});
  BOOST_TEST((state.h.shape() == Shape{1, 2, 3}));
  BOOST_TEST(!allclose(y.data, lstm(packed).first.data));
  int seen = 0;
  auto hook = lstm.register_forward_hook(
      [&](const nn::Module&, const Tensor&, const Tensor& out) { seen += static_cast<int>(out.size(0)); });
  lstm(packed);
  BOOST_TEST(seen == 4);
  expect<ShapeError>({"LSTM", "expected packed rows of 2 features"}, [&] {
    lstm(rnn::pack_sequence({randn({3, 4})}));
  });
  expect<ShapeError>({"h0 must be"}, [&] { lstm(packed, LSTMState{zeros({1, 3, 3}), zeros({1, 3, 3})}); });
}

BOOST_AUTO_TEST_CASE(transformers) {
  manual_seed(2);
  const nn::TransformerOptions options{.d_model = 8,
                                       .nhead = 2,
                                       .num_encoder_layers = 2,
                                       .num_decoder_layers = 2,
                                       .dim_feedforward = 6,
                                       .batch_first = true};
  nn::Transformer t(options);
  BOOST_TEST(names(t.named_parameters())
                 .starts_with("encoder.layers.0.self_attn.in_proj_weight "
                              "encoder.layers.0.self_attn.in_proj_bias "
                              "encoder.layers.0.self_attn.out_proj.weight "));
  BOOST_TEST(t.get_parameter("decoder.layers.1.multihead_attn.in_proj_weight").numel() == 192);
  BOOST_TEST(t.get_parameter("decoder.norm.weight").numel() == 8);
  t.to(kFloat64);
  t.eval();
  const Tensor src = r({3, 5, 8}), tgt = r({3, 4, 8});
  const Tensor y = t(src, tgt, {.tgt_is_causal = true});
  BOOST_TEST((y.shape() == Shape{3, 4, 8}));
  BOOST_TEST(allclose(y, t(src, tgt, {.tgt_mask = nn::Transformer::generate_square_subsequent_mask(4, kFloat64)})));
  // What comes later does not change what comes before.
  Tensor other = tgt.clone();
  other.slice(1, 3, 4).fill_(7);
  const Tensor z = t(src, other, {.tgt_is_causal = true});
  BOOST_TEST(allclose(z.slice(1, 0, 3), y.slice(1, 0, 3)));
  BOOST_TEST(!allclose(z, y));
  // Padding is a shorter sequence.
  const Tensor padding = tensor({{false, false, false, true, true}}).expand({3, 5});
  const Tensor padded = t(src, tgt, {.src_key_padding_mask = padding, .memory_key_padding_mask = padding});
  BOOST_TEST(allclose(padded, t(src.slice(1, 0, 3), tgt)));
  // One decoder layer, from its parts.
  nn::TransformerDecoderLayer layer(
      8, 2, {.dim_feedforward = 6, .dropout = 0, .activation = nn::TransformerActivation::gelu});
  layer.to(kFloat64);
  const Tensor q = r({4, 3, 8}), memory = r({5, 3, 8});
  const Tensor a = layer.norm1(q + layer.self_attn(q).output);
  const Tensor b = layer.norm2(a + layer.multihead_attn(a, memory, memory).output);
  BOOST_TEST(allclose(layer(q, memory), layer.norm3(b + layer.linear2(gelu(layer.linear1(b))))));
  nn::TransformerEncoder encoder(nn::TransformerEncoderLayer(8, 2, {.norm_first = true, .bias = false}), 3);
  BOOST_TEST(names(encoder.named_parameters()).find("bias") == std::string::npos);
  BOOST_TEST((encoder(randn({5, 8}), {.is_causal = true}).shape() == Shape{5, 8}));
  BOOST_TEST(allclose(encoder.layers[0].linear1.weight, encoder.layers[2].linear1.weight));  // copies
  expect<ValueError>({"TransformerEncoder", "num_layers must be positive"},
                     [] { nn::TransformerEncoder(nn::TransformerEncoderLayer(8, 2), 0); });
  expect<ValueError>({"is empty"}, [] { nn::TransformerDecoder(nullptr, 2); });
}

BOOST_AUTO_TEST_CASE(lazy_layers) {
  manual_seed(3);
  nn::Sequential net(nn::LazyConv2d(4, 3, {.stride = 2, .groups = 2}), nn::Flatten(), nn::LazyLinear(3));
  BOOST_TEST(to_string(net).find("LazyConv2d(4, 3x3, stride=2, groups=2)") != std::string::npos);
  BOOST_TEST(net.num_parameters() == 0);
  optim::SGD opt(net.parameters(), {.lr = 0.1});  // before there are shapes
  nn::Sequential empty = net.clone();
  const Tensor x = randn({2, 6, 5, 5});
  net(x).sum().backward();
  const auto conv = net[0].as<nn::LazyConv2d>();
  BOOST_TEST((conv->weight.shape() == Shape{4, 3, 3, 3}));
  BOOST_TEST((net.get_parameter("2.weight").shape() == Shape{3, 16}));
  BOOST_TEST(amax(abs(conv->weight)).item() <= 1 / std::sqrt(27.));
  const Tensor before = conv->weight.detach().clone();
  opt.step();
  BOOST_TEST(!allclose(conv->weight, before));
  BOOST_TEST(empty.num_parameters() == 0);
  expect<ValueError>({"the state does not fit"}, [&] {
    NamedTensors partial = net.state_dict();
    partial.emplace_back("more", zeros({1}));
    empty.load_state_dict(partial);
  });
  BOOST_TEST(empty.num_parameters() == 0);  // nothing was half loaded
  empty.load_state_dict(net.state_dict());
  BOOST_TEST(same_bits(empty(x), net(x)));
  expect<ShapeError>({"LazyConv2d", "5 channels not divisible by groups 2"}, [] {
    nn::LazyConv2d(4, 3, {.groups = 2})(zeros({1, 5, 4, 4}));
  });
  expect<ShapeError>({"linear"}, [&] { net[2](zeros({1, 5})); });
}

BOOST_AUTO_TEST_CASE(hooks_before_the_backward_pass_of_a_module) {
  nn::Linear fc(2, 2);
  std::string order;
  auto before = fc.register_full_backward_pre_hook([&](const nn::Module&, const Tensor& g) {
    order += "before ";
    return g * 2;
  });
  auto behind = fc.register_full_backward_hook([&](const nn::Module&, const Tensor& grad_input, const Tensor& g) {
    order += "behind ";
    check_close(g, {2, 2});
    BOOST_TEST(grad_input.defined());
  });
  Tensor x = ones({1, 2}).requires_grad_();
  fc(x).sum().backward();
  BOOST_TEST(order == "before behind ");
  check_close(fc.bias.grad(), {2, 2});
  before.remove();
  behind.remove();
  nn::Linear copy = fc.clone();
  copy(x).sum().backward();
  check_close(copy.bias.grad(), {1, 1});
  expect<ValueError>({"register_full_backward_pre_hook", "empty"},
                     [&] { fc.register_full_backward_pre_hook(nn::Module::BackwardPreHook()); });
}

BOOST_AUTO_TEST_CASE(further_layers_by_value) {
  check_close(nn::RMSNorm(2, {.eps = 0})(tensor({{3., 4.}})), {0.848528, 1.131371}, 1e-6);
  check_close(nn::Unflatten(1, {2, -1})(tensor({{1., 2., 3., 4.}})), {1, 2, 3, 4});
  BOOST_TEST((nn::Unflatten(1, {2, -1})(zeros({3, 4})).shape() == Shape{3, 2, 2}));
  check_close(nn::Fold({2, 2}, 1)(nn::Unfold(1)(tensor({1., 2., 3., 4.}).reshape({1, 1, 2, 2}))), {1, 2, 3, 4});
  check_close(nn::PixelShuffle(2)(arange(4.).reshape({1, 4, 1, 1})), {0, 1, 2, 3});
  check_close(nn::ChannelShuffle(2)(arange(4.).reshape({1, 4, 1})), {0, 2, 1, 3});
  check_close(nn::Softmax2d()(zeros({1, 4, 1, 1})), {0.25, 0.25, 0.25, 0.25});
  check_close(nn::CosineSimilarity({.dim = 0})(tensor({3., 4.}), tensor({4., 3.})), {0.96});
  check_close(nn::PairwiseDistance({.p = 1, .eps = 0})(tensor({{3., 4.}}), tensor({{4., 2.}})), {3});
  nn::MaxPool1d pool(2);
  const auto [values, indices] = pool.forward_with_indices(tensor({{{1., 5., 2., 3.}}}));
  check_close(nn::MaxUnpool1d(2)(values, indices), {0, 5, 0, 3});
  check_close(nn::MaxUnpool1d(2)(values, indices, {5}), {0, 5, 0, 3, 0});
  expect<ShapeError>({"MaxUnpool1d", "output_size 6 must be between 3 and 5"},
                     [&] { nn::MaxUnpool1d(2)(values, indices, {6}); });
  check_close(nn::UpsamplingNearest2d({.scale_factor = {2}})(ones({1, 1, 1, 1})), {1, 1, 1, 1});
  const Tensor a = tensor({{0., 0.}}), p = tensor({{3., 4.}}), n = tensor({{0., 1.}});
  const auto distance = [](const Tensor& u, const Tensor& v) { return abs(u - v).sum(1); };
  check_close(nn::TripletMarginWithDistanceLoss({.distance_function = distance, .margin = 2})(a, p, n), {8});
  check_close(nn::TripletMarginWithDistanceLoss({.distance_function = distance, .swap = true})(a, n, p), {0});
  expect<ValueError>({"TripletMarginWithDistanceLoss", "margin"},
                     [] { nn::TripletMarginWithDistanceLoss({.margin = 0}); });
  manual_seed(4);
  nn::AlphaDropout alpha(0.3);
  const Tensor z = alpha(randn({20000}));
  BOOST_TEST(std::fabs(z.mean().item()) < 0.05);
  BOOST_TEST(std::fabs(z.std().item() - 1) < 0.05);
  alpha.eval();
  BOOST_TEST(same_bits(alpha(z), z));
  const Tensor channels = nn::Dropout1d(0.5)(ones({64, 3}));
  BOOST_TEST(same_bits(amax(channels, {1}), amin(channels, {1})));
  BOOST_TEST((nn::FractionalMaxPool2d(2, {.output_ratio = {0.5}})(randn({1, 1, 6, 8})).shape() == Shape{1, 1, 3, 4}));
  expect<ValueError>({"FractionalMaxPool2d", "either output_size or output_ratio"},
                     [] { nn::FractionalMaxPool2d(2, {}); });
  expect<ValueError>({"PixelShuffle", "upscale_factor must be positive, got 0"}, [] { nn::PixelShuffle(0); });
  expect<ShapeError>({"Softmax2d", "got 2 dimensions"}, [] { nn::Softmax2d()(zeros({2, 2})); });
}

BOOST_AUTO_TEST_CASE(lecun_values_keep_the_variance) {
  manual_seed(5);
  Tensor w = empty({200, 50}), v = empty({200, 50});
  nn::init::lecun_uniform_(w);
  nn::init::lecun_normal_(v);
  BOOST_TEST(amax(abs(w)).item() <= std::sqrt(3. / 50));
  BOOST_TEST(amax(abs(w)).item() > 0.95 * std::sqrt(3. / 50));
  for (const Tensor& t : {w, v}) BOOST_TEST(std::fabs(t.std().item() * std::sqrt(50.) - 1) < 0.05);
}

BOOST_AUTO_TEST_CASE(labels_show_options_that_are_not_the_default) {
  BOOST_TEST(nn::Conv2d(1, 4, 3, {.stride = 2, .padding = {1, 0}, .bias = false}).label() ==
             "Conv2d(1 → 4, 3x3, stride=2, padding=1x0, bias=false)");
  BOOST_TEST(nn::Conv1d(1, 4, 3, {.padding = "same", .padding_mode = nn::PaddingMode::circular}).label() ==
             "Conv1d(1 → 4, 3, padding=same, padding_mode=circular)");
  BOOST_TEST(nn::LSTM(2, 3, {.num_layers = 2, .batch_first = true}).label() ==
             "LSTM(2 → 3, num_layers=2, batch_first=true)");
  BOOST_TEST(nn::RNNCell(2, 3, {.nonlinearity = nn::init::Nonlinearity::relu}).label() ==
             "RNNCell(2 → 3, nonlinearity=relu)");
}

BOOST_AUTO_TEST_SUITE_END()
