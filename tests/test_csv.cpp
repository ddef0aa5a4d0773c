// CSV files: what is read, and that nothing is lost.
#include <cfloat>

#include <xgrad/data/files.hpp>
#include <xgrad/ops.hpp>

#include "file_support.hpp"
#include "support.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

// Reads or refuses a text, plain and compressed.
struct Table {
  TempDir dir;
  Tensor read(const std::string& text, const data::CsvOptions& o = {}) const {
    const Tensor plain = data::read_csv(write_file(dir / "a.csv", text), o);
    BOOST_TEST(same_bits(plain, data::read_csv(write_file(dir / "a.csv.gz", gzip(text)), o)));
    return plain;
  }
  void holds(const std::string& text, const Shape& shape, const std::vector<double>& values,
             data::CsvOptions o = {}) const {
    o.dtype = kFloat64;
    const Tensor t = read(text, o);
    BOOST_TEST((t.shape() == shape), text << " gives " << to_string(t.shape()));
    BOOST_TEST(t.to_vector<double>() == values, boost::test_tools::per_element());
  }
  void refuse(const std::string& text, const std::vector<std::string>& facts, const data::CsvOptions& o = {},
              Location at = Location::current()) const {
    for (const bool packed : {false, true}) {
      const std::string path = write_file(dir / (packed ? "bad.csv.gz" : "bad.csv"), packed ? gzip(text) : text);
      std::vector<std::string> all = facts;
      all.push_back(path);
      expect<IoError>(
          all, [&] { data::read_csv(path, o); }, at);
    }
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(csv_files, Table)

BOOST_AUTO_TEST_CASE(good) {
  const Tensor t = read("1,2\n3,4\n");
  BOOST_TEST((t.dtype() == kFloat32 && t.shape() == Shape{2, 2}));
  check_close(t, {1, 2, 3, 4});
  check_close(read("a,b\n1,2"), {1, 2});
  check_close(read("\xEF\xBB\xBF"
                   "1,2\r\n3,4\r\n"),
              {1, 2, 3, 4});
  check_close(read("\xEF\xBB\xBF"
                   "a,b\r\n3,4\r\n"),
              {3, 4});
  check_close(read(" 1 ,\t+2.5e-1\n\n\"3\",-4\n"), {1, 0.25, 3, -4});
  check_close(read("1\n2\n3\n"), {1, 2, 3});
  check_close(read("1;2\n3;4", {.delimiter = ';'}), {1, 2, 3, 4});
  check_close(read("1\t2\n3\t4", {.delimiter = '\t'}), {1, 2, 3, 4});
  check_close(read("  1   2 \n 3 4\n", {.delimiter = ' '}), {1, 2, 3, 4});
  check_close(read("# made by hand\nx,y\n1,2\n", {.skip_rows = 1}), {1, 2});
  const Tensor wide = read("0.1\n", {.dtype = kFloat64});
  BOOST_TEST((wide.dtype() == kFloat64 && wide.item() == 0.1));
  BOOST_TEST(std::isnan(read("nan,1\n2,3\n").to_vector<double>()[0]));
}

BOOST_AUTO_TEST_CASE(bad) {
  refuse("", {"no rows"});
  refuse("a,b\n", {"no rows"});
  refuse("1,2\n3\n", {"line 2", "expected 2 columns", "found 1"});
  refuse("a,b\n1,2\n3,4,5\n", {"line 3", "expected 2 columns", "found 3"});
  refuse("1,2\n3,x4\n", {"line 2", "column 2", "'x4'"});
  refuse("1,2\n3,\n", {"line 2", "column 2", "''"});
  refuse("1,2\n3,0x10\n", {"line 2", "column 2", "'0x10'"});
  refuse("1,2\n\n3,4 5\n", {"line 3", "column 2", "'4 5'"});
  refuse("1,oops,3\n4,5,6\n", {"line 1", "column 2", "'oops'"});  // a damaged row is no line of names
  refuse("a,b\nc,d\n1,2\n", {"line 2", "column 1", "'c'"});
  refuse("1,2\n3,1e999\n", {"line 2", "column 2", "'1e999'"});
  refuse(std::string("1,2\n3,\0\n", 8), {"line 2", "column 2"});
  refuse("1\n", {"dtype"}, {.dtype = kInt64});
  expect_op<IoError>("read_csv", {"missing.csv", "no such file"}, [&] { data::read_csv(dir / "missing.csv"); });
}

BOOST_AUTO_TEST_CASE(bundled_digits) {
  const Tensor t = data::read_csv(std::string(XGRAD_SOURCE_DIR) + "/examples/data/digits.csv");
  BOOST_TEST((t.shape() == Shape{1797, 65}));
  BOOST_TEST(max(t).item() == 16);
}

// No row and no field vanishes.
BOOST_AUTO_TEST_CASE(quotes) {
  holds("\"1\",\"2\"\n3,4\n", {2, 2}, {1, 2, 3, 4});
  holds("\"1\",2\n3,\"4\"", {2, 2}, {1, 2, 3, 4});
  holds(" \"1\" ,\t\" 2 \"\n", {1, 2}, {1, 2});
  holds("\"1\"\n\"-2.5e1\"\n", {2, 1}, {1, -25});
  holds("\"1\" \"2\"\n 3 \"4\" \n", {2, 2}, {1, 2, 3, 4}, {.delimiter = ' '});
  holds("\"a,b\",\"c\nd\",\"say \"\"e\"\"\"\n1,2,3\n", {1, 3}, {1, 2, 3});
  holds("a,\"b\r\n\nc\"\n1,2\n", {1, 2}, {1, 2});
  refuse("1,2\n\"3,4\"\n", {"line 2", "column 1", "'3,4'", "not a number"});
  refuse("\"1,2\"\n3,4\n", {"line 1", "column 1", "'1,2'"});
  refuse("1,2\n\"\",4\n", {"line 2", "column 1", "''"});
  refuse("\"\"\n1\n", {"line 1", "column 1", "''"});  // no blank line
  refuse("1,2\n3,\"4\n5,6\n", {"line 2", "column 2", "never closed", "'4\\x0a5,6"});
  refuse("a,\"b\n1,2\n", {"line 1", "column 2", "never closed"});
  refuse("1,\"2\"3\n", {"line 1", "column 2", "'23'", "behind its closing quote"});
  refuse("1,\"2\"\"3\"\n", {"line 1", "column 2", "'2\"3'", "not a number"});
  refuse("1,2\"\n", {"line 1", "column 2", "'2\"'"});
  refuse("a,\"b\n\n\"\n1,x\n", {"line 4", "column 2", "'x'"});  // lines within quotes count
}

BOOST_AUTO_TEST_CASE(blank_fields_and_lines) {
  const data::CsvOptions tabs{.delimiter = '\t'}, blanks{.delimiter = ' '};
  refuse("1\t2\n\t3\n", {"line 2", "column 1", "''"}, tabs);
  refuse("1\t2\n3\t\n", {"line 2", "column 2", "''"}, tabs);
  refuse("1\t2\n\t\n3\t4\n", {"line 2", "column 1", "''"}, tabs);
  refuse("\t\n1\t2\n", {"line 1", "column 1", "''"}, tabs);
  refuse("1\t\t2\n", {"line 1", "column 2", "''"}, tabs);
  refuse("1,2,\n3,4,\n", {"line 1", "column 3", "''"});
  refuse(",1\n2,3\n", {"line 1", "column 1", "''"});
  refuse(",\n1,2\n", {"line 1", "column 1", "''"});
  refuse("1,2\n,\n", {"line 2", "column 1", "''"});
  refuse("1,2\n3,4,\n", {"line 2", "expected 2 columns", "found 3"});
  refuse("1,2\n3,", {"line 2", "column 2", "''"});
  refuse("1;2;\n3;4\n", {"line 1", "column 3", "''"}, {.delimiter = ';'});
  holds("\t \n1,2\n \n\n3,4\n  ", {2, 2}, {1, 2, 3, 4});
  holds("1\n\n2\n", {2, 1}, {1, 2});
  holds(" 1\t2\n3 \t 4 \n", {2, 2}, {1, 2, 3, 4}, blanks);
  holds(" 1 \t2 \n3\t 4\n \n", {2, 2}, {1, 2, 3, 4}, tabs);
}

BOOST_AUTO_TEST_CASE(line_ends) {
  holds("1,2\r3,4\r", {2, 2}, {1, 2, 3, 4});
  holds("a,b\r1,2\r3,4", {2, 2}, {1, 2, 3, 4});
  holds("1,2\r\n3,4\r5,6\n7,8", {4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  holds("1,2\r\r\n3,4\r\n\r\n", {2, 2}, {1, 2, 3, 4});
  holds("x y z\rw\r\n1\r2", {2, 1}, {1, 2}, {.skip_rows = 2});
  refuse("1,2\r3,4\r\n5,x\r", {"line 3", "column 2", "'x'"});
  refuse("1,2\r3\r", {"line 2", "expected 2 columns as in line 1", "found 1"});
}

BOOST_AUTO_TEST_CASE(numbers) {
  holds("+5,-5,.5,5.,+.5e+1,1E3,007", {1, 7}, {5, -5, 0.5, 5, 5, 1000, 7});
  holds("1e-400,-1e-400,0.0000001e-320,1e-99999999999999999999", {1, 4}, {0, -0.0, 0, 0});
  BOOST_TEST(std::signbit(read("-1e-400\n").item()));
  holds("5e-324,2.2250738585072011e-308,1e-310", {1, 3}, {5e-324, 2.2250738585072011e-308, 1e-310});
  holds("0." + std::string(400, '0') + "1,0e999,1" + std::string(300, '0'), {1, 3}, {0, 0, 1e300});
  holds("9007199254740993,18446744073709551616,inf,-Infinity", {1, 4},
        {9007199254740992, 18446744073709551616.0, INFINITY, -INFINITY});
  BOOST_TEST(std::isnan(read("1\nNaN\n").to_vector<double>()[1]));
  BOOST_TEST(read("1e-46,1e-40,3.4e38\n").to_vector<double>()[0] == 0);
  for (const char* text : {"+-5",   "-+5", "++5",    "--5",   "+",  "-",   "- 5", "1_000", "0x10", "1.2.3", "1e",
                           "1e5.5", "5%",  "1,000 ", "1'000", "$5", "1 2", "(5)", "5-",    "1d3",  "nan(1)"})
    refuse(fmt::format("1\n{}\n", text),
           {"line 2", "column 1",
            fmt::format("'{}'", std::string(text).substr(0, std::string(text).find_last_not_of(' ') + 1))},
           {.delimiter = ';'});
  for (const char* text : {"NA", "n/a", "null", "None", "?", "-", "#N/A", "."})
    refuse(fmt::format("1,2\n3,{}\n", text), {"line 2", "column 2", text});
  for (const char* text : {"1e400", "-1e400", "1e99999999999999999999", "1.8e308"}) {
    refuse(fmt::format("1\n{}\n", text), {"line 2", "column 1", text, "too large for float64"}, {.dtype = kFloat64});
    refuse(fmt::format("{}\n1\n", text), {"line 1", "column 1", text, "too large for float32"});
  }
  refuse("1\n3.5e38\n", {"line 2", "'3.5e38'", "too large for float32"});
  holds("3.5e38", {1, 1}, {3.5e38});
  refuse("1\n" + std::string(100000, '9') + "x\n", {"line 2", std::string(100, '9') + "...'"});
}

BOOST_AUTO_TEST_CASE(lines_of_names) {
  holds("2019,sales\n1,2\n", {1, 2}, {1, 2});
  holds("150,4,setosa,versicolor,virginica\n1,2,3,4,0\n", {1, 5}, {1, 2, 3, 4, 0});
  holds("\"1\",\"b\"\n1,2\n", {1, 2}, {1, 2});
  holds("1st,2nd\n1,2\n", {1, 2}, {1, 2});
  holds("area,1stFlrSF,3SsnPorch\n1,2,3\n", {1, 3}, {1, 2, 3});
  holds(",a,b\n0,1,2\n", {1, 3}, {0, 1, 2});
  holds(
      "\n a , gr\xc3\xb6\xc3\x9f"
      "e\n1,2\n",
      {1, 2}, {1, 2});
  holds("a b\n1 2\n", {1, 2}, {1, 2}, {.delimiter = ' '});
  refuse("a,b,c\n1,2\n3,4\n", {"line 2", "expected 3 columns as in line 1", "found 2"});
  refuse("a\n1,2\n", {"line 2", "expected 1 columns as in line 1", "found 2"});
  refuse("\n# by hand\n1,2\n", {"line 3", "expected 1 columns as in line 2", "found 2"});
  refuse("a,b,\n1,2\n", {"line 2", "expected 3", "found 2"});
  // A damaged row is no line of names.
  for (const char* row : {"1,oops,3", "2.5,x,y", "-1,x,y", "nan,x,y", "1,,x", "1,n/a,x", "1e999,x,y"})
    refuse(fmt::format("{}\n4,5,6\n", row), {"line 1", "column "});
  refuse("1,oops,3\n4,5,6\n", {"'oops'", "skip_rows"});
  for (const char* row : {"NA,NA", "?,?", "0x10,0x20", "1_000,2_000", "1.2.3,4.5.6", "null,", "1e,2e", "-,-",
                          "TRUE,FALSE", "3 kg,4 kg", "5x,6x", "1O,2O", "-1a,.5b", "5x,6", "nan(1),1"})
    refuse(fmt::format("{}\n1,2\n", row), {"line 1", "column 1"});
  refuse("2019,2020,sales,units\n", {"no rows"});
  refuse("1,one\n2,two\n", {"line 2", "column 2", "'two'"});
  refuse(std::string("a\0,b\n1,2\n", 9), {"line 1", "column 1", "'a\\x00'"});
}

// Halfway between two floats and a little more: rounding to double first would lose the little.
BOOST_AUTO_TEST_CASE(float32_is_rounded_once) {
  const std::string path = write_file(dir / "a.csv", "1.00000005960464477540\n16777217.0000000000001\n1e-40\n1e-50\n");
  const std::vector<float> v = data::read_csv(path).to_vector<float>();
  BOOST_TEST(v == (std::vector<float>{std::nextafter(1.f, 2.f), 16777218.f, 1e-40f, 0.f}));
}

BOOST_AUTO_TEST_CASE(options) {
  for (const char c : {'"', '\n', '\r', '\0', '7', '.', '-', '+', 'e', 'N'})
    refuse("1\n", {"delimiter"}, {.delimiter = c});
  refuse("1\n", {"skip_rows", "-1"}, {.skip_rows = -1});
  refuse("1\n2\n", {"no rows"}, {.skip_rows = 3});
  holds("\"a\n1,2\n", {1, 2}, {1, 2}, {.skip_rows = 1});  // a line, whatever quotes it has
  holds("1|2\n3|4\n", {2, 2}, {1, 2, 3, 4}, {.delimiter = '|'});
  const std::string path = write_file(dir / "a.csv", "1\n");
  expect_op<IoError>("read_csv", {"NUL"}, [&] { data::read_csv(path + std::string("\0.gz", 4)); });
}

// Fields longer than any buffer, and at every place of one.
BOOST_AUTO_TEST_CASE(borders_of_buffers) {
  for (const std::size_t n : {65530u, 65533u, 65534u, 65535u, 65536u, 65537u, 131072u}) {
    holds(std::string(n, ' ') + "12,\"34\"\r\n5,6\r\n", {2, 2}, {12, 34, 5, 6});
    holds("\"" + std::string(n, 'x') + "\"\"\",b\n1,2\n", {1, 2}, {1, 2});
    holds("1,2\n" + std::string(n, '0') + "3,4", {2, 2}, {1, 2, 3, 4});
  }
}

BOOST_AUTO_TEST_SUITE_END()
