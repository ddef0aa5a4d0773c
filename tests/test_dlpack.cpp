// Memory shared with other libraries through DLPack's structures.
#include <xgrad/dlpack.hpp>

#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace other {  // what another library's dlpack.h declares

struct DLDevice {
  int device_type;
  std::int32_t device_id;
};
struct DLDataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t *shape, *strides;
  std::uint64_t byte_offset;
};
struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor*);
};
struct DLPackVersion {
  std::uint32_t major, minor;
};
struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned*);
  std::uint64_t flags;
  DLTensor dl_tensor;
};

}  // namespace other

namespace {

template <class M>
struct Foreign {
  std::vector<double> values;
  std::vector<std::int64_t> shape, strides;
  int given_back = 0;
  M m{};
  Foreign(std::vector<double> v, std::vector<std::int64_t> sizes, std::vector<std::int64_t> steps = {})
      : values(std::move(v)), shape(std::move(sizes)), strides(std::move(steps)) {
    m.dl_tensor = {values.data(),
                   {1, 0},
                   static_cast<std::int32_t>(shape.size()),
                   {2, 64, 1},
                   shape.data(),
                   strides.empty() ? nullptr : strides.data(),
                   0};
    m.manager_ctx = this;
    m.deleter = [](M* managed) { ++static_cast<Foreign*>(managed->manager_ctx)->given_back; };
    if constexpr (requires { m.version; }) m.version = {1, 1};
  }
};
using Old = Foreign<other::DLManagedTensor>;
using New = Foreign<other::DLManagedTensorVersioned>;

}  // namespace

BOOST_AUTO_TEST_SUITE(dlpack_exchange)

BOOST_AUTO_TEST_CASE(memory_of_others) {
  Old rows({1, 2, 3, 4, 5, 6}, {2, 3});
  {
    Tensor x = from_dlpack(&rows.m);
    BOOST_TEST((x.shape() == Shape{2, 3} && x.dtype() == kFloat64 && x.is_contiguous()));
    check_close(x, {1, 2, 3, 4, 5, 6});
    rows.values[0] = 7;
    check_close(x.select(0, 0), {7, 2, 3});
    const Tensor part = x.select(1, 1);
    x = Tensor();
    BOOST_TEST(rows.given_back == 0);
    part.detach().fill_(0);
    BOOST_TEST(rows.values[1] == 0);
  }
  BOOST_TEST(rows.given_back == 1);
  Old columns({1, 2, 3, 4, 5, 6}, {2, 3}, {1, 2});
  const Tensor t = from_dlpack(&columns.m);
  BOOST_TEST(!t.is_contiguous());
  check_close(t, {1, 3, 5, 2, 4, 6});
  check_close(matmul(t, ones({3, 1}, {kFloat64})), {9, 12});
  Old repeated({5}, {4}, {0}), behind({1, 2, 3}, {2}), none({}, {0, 3}), single({8}, {});
  behind.m.dl_tensor.byte_offset = 8;
  check_close(from_dlpack(&repeated.m), {5, 5, 5, 5});
  check_close(from_dlpack(&behind.m), {2, 3});
  BOOST_TEST((from_dlpack(&none.m).shape() == Shape{0, 3}));
  BOOST_TEST(none.given_back == 1);
  BOOST_TEST(from_dlpack(&single.m).item() == 8);
}

BOOST_AUTO_TEST_CASE(versions_and_flags) {
  New shared({1, 2}, {2}), constant({1, 2}, {2}), later({1, 2}, {2});
  from_dlpack(&shared.m).fill_(3);
  BOOST_TEST((shared.values[0] == 3 && shared.given_back == 1));
  constant.m.flags = 1;
  Tensor copy = from_dlpack(&constant.m);
  BOOST_TEST(constant.given_back == 1);
  copy.fill_(3);
  BOOST_TEST(constant.values[0] == 1);
  later.m.version.major = 2;
  expect_op<ValueError>("from_dlpack", {"version 2.1"}, [&] { from_dlpack(&later.m); });
  BOOST_TEST(later.given_back == 1);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_shared_stays_with_its_owner) {
  const auto refuse = [](auto change, const std::string& fact, const std::type_info& error = typeid(ValueError)) {
    Old f({1, 2, 3, 4}, {2, 2}, {2, 1});
    change(f);
    expect_op(
        error, "from_dlpack", {fact}, [&] { from_dlpack(&f.m); }, Location::current());
    BOOST_TEST(f.given_back == 0);
  };
  refuse([](Old& f) { f.m.dl_tensor.device.device_type = 2; }, "device of type 2");
  refuse([](Old& f) { f.m.dl_tensor.dtype = {2, 16, 1}; }, "float of 16 bits", typeid(DTypeError));
  refuse([](Old& f) { f.m.dl_tensor.dtype = {77, 64, 1}; }, "unknown of 64 bits", typeid(DTypeError));
  refuse([](Old& f) { f.m.dl_tensor.dtype.lanes = 2; }, "2 lanes", typeid(DTypeError));
  refuse([](Old& f) { f.m.dl_tensor.ndim = 9; }, "9 dimensions", typeid(ShapeError));
  refuse([](Old& f) { f.m.dl_tensor.ndim = -1; }, "-1 dimensions", typeid(ShapeError));
  refuse([](Old& f) { f.m.dl_tensor.shape = nullptr; }, "null pointer");
  refuse([](Old& f) { f.m.dl_tensor.data = nullptr; }, "null pointer");
  refuse([](Old& f) { f.m.dl_tensor.byte_offset = 3; }, "aligned");
  refuse([](Old& f) { f.shape[0] = -2; }, "-2", typeid(ShapeError));
  refuse([](Old& f) { f.strides[0] = -2; }, "stride of dimension 0 is -2");
  refuse([](Old& f) { f.strides[0] = f.shape[0] = std::int64_t{1} << 40; }, "64 bits");
  expect_op<ValueError>("from_dlpack", {"null"}, [] { from_dlpack(static_cast<other::DLManagedTensor*>(nullptr)); });
}

BOOST_AUTO_TEST_CASE(our_memory_for_others) {
  Tensor x = arange(0, 6, 1, {kFloat32}).view({2, 3});
  auto* out = reinterpret_cast<other::DLManagedTensor*>(to_dlpack(x.t()));
  BOOST_TEST((out->dl_tensor.ndim == 2 && out->dl_tensor.shape[0] == 3 && out->dl_tensor.strides[0] == 1 &&
              out->dl_tensor.strides[1] == 3));
  BOOST_TEST((out->dl_tensor.dtype.code == 2 && out->dl_tensor.dtype.bits == 32 && out->dl_tensor.dtype.lanes == 1));
  BOOST_TEST(out->dl_tensor.data == static_cast<const void*>(x.data<float>()));
  static_cast<float*>(out->dl_tensor.data)[1] = 9;
  check_close(x.select(0, 0), {0, 9, 2});
  x = Tensor();
  BOOST_TEST(static_cast<float*>(out->dl_tensor.data)[1] == 9);  // it lives
  check_close(from_dlpack(out), {0, 3, 9, 4, 2, 5});             // and comes back
  for (const DType d : {kFloat64, kInt64, kInt32, kUInt8, kBool}) {
    auto* m = to_dlpack_versioned(ones({2}, {d}));
    BOOST_TEST((m->version.major == 1u && m->flags == 0u));
    BOOST_TEST(same_bits(from_dlpack(m), ones({2}, {d})));
  }
  const Tensor w = ones({2}).requires_grad_();
  expect_op<AutogradError>("to_dlpack", {"detach"}, [&] { to_dlpack(w); });
  expect_op<ValueError>("to_dlpack", {"undefined"}, [] { to_dlpack(Tensor()); });
  // What is saved for a backward pass and changed by others is noticed by its version.
  Tensor s = ones({2});
  const Tensor y = mul(w, s);
  auto* m = to_dlpack(s);
  expect<AutogradError>({"to_dlpack"}, [&] { y.sum().backward(); });
  m->deleter(m);
}

BOOST_AUTO_TEST_SUITE_END()
