#include "syntax.hpp"

#include <cctype>
#include <set>

#include "value.hpp"

namespace oracle {

namespace {

struct Token {
  enum class Type { number, string, name, symbol, end } type;
  std::string text;
};

std::vector<Token> tokenize(const std::string& s) {
  static const char* const kLong[] = {"**", "//", "->", "==", "!=", "<=", ">=", "..."};
  std::vector<Token> tokens;
  std::size_t i = 0;
  const auto digit = [&](std::size_t k) { return k < s.size() && std::isdigit(static_cast<unsigned char>(s[k])); };
  while (i < s.size()) {
    const char c = s[i];
    if (std::isspace(static_cast<unsigned char>(c))) {
      ++i;
    } else if (digit(i) || (c == '.' && digit(i + 1))) {
      std::size_t e = i;
      while (digit(e) || (e < s.size() && s[e] == '.')) ++e;
      if (e < s.size() && (s[e] == 'e' || s[e] == 'E') &&
          (digit(e + 1) || (e + 2 < s.size() && (s[e + 1] == '-' || s[e + 1] == '+') && digit(e + 2)))) {
        e += 2;
        while (digit(e)) ++e;
      }
      tokens.push_back({Token::Type::number, s.substr(i, e - i)});
      i = e;
    } else if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') {
      std::size_t e = i;
      while (e < s.size() && (std::isalnum(static_cast<unsigned char>(s[e])) || s[e] == '_')) ++e;
      tokens.push_back({Token::Type::name, s.substr(i, e - i)});
      i = e;
    } else if (c == '\'' || c == '"') {
      const std::size_t e = s.find(c, i + 1);
      if (e == std::string::npos) throw Unsupported("unclosed string in: " + s);
      tokens.push_back({Token::Type::string, s.substr(i + 1, e - i - 1)});
      i = e + 1;
    } else {
      std::string symbol(1, c);
      for (const char* l : kLong)
        if (s.compare(i, std::string(l).size(), l) == 0) symbol = l;
      tokens.push_back({Token::Type::symbol, symbol});
      i += symbol.size();
    }
  }
  tokens.push_back({Token::Type::end, ""});
  return tokens;
}

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text), tokens_(tokenize(text)) {}

  NodePtr whole(bool remarks) {
    NodePtr e = expression();
    if (remarks && at(",")) return e;
    if (at(",")) e = rest_of_tuple(std::move(e));
    if (peek().type != Token::Type::end) fail();
    return e;
  }

 private:
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  bool at(const char* symbol) const { return peek().type == Token::Type::symbol && peek().text == symbol; }
  bool at_word(const char* word) const { return peek().type == Token::Type::name && peek().text == word; }
  bool take(const char* symbol) {
    if (!at(symbol)) return false;
    ++next_;
    return true;
  }
  void expect(const char* symbol) {
    if (!take(symbol)) fail();
  }
  [[noreturn]] void fail() const { throw Unsupported("cannot read '" + text_ + "' at '" + peek().text + "'"); }
  static NodePtr node(Kind kind, std::string text = {}, std::vector<NodePtr> children = {}) {
    return std::make_shared<Node>(Node{kind, std::move(text), std::move(children), {}});
  }

  // ---- from loose to tight ----
  NodePtr expression() {
    if (at_word("lambda")) return python_lambda();
    if (peek().type == Token::Type::name && peek(1).text == "->") return arrow_lambda();
    NodePtr left = negation();
    while (at_word("and") || at_word("or")) {
      const std::string op = tokens_[next_++].text;
      left = node(Kind::binary, op, {left, negation()});
    }
    if (!at_word("if")) return left;
    ++next_;
    NodePtr condition = expression();
    if (!at_word("else")) fail();
    ++next_;
    return node(Kind::condition, {}, {left, condition, expression()});
  }
  NodePtr negation() {
    if (!at_word("not")) return comparison();
    ++next_;
    return node(Kind::unary, "not", {negation()});
  }
  NodePtr comparison() { return chain({"==", "!=", "<", "<=", ">", ">="}, &Parser::sum); }
  NodePtr sum() { return chain({"+", "-"}, &Parser::term); }
  NodePtr term() { return chain({"*", "/", "//", "%", "@"}, &Parser::product); }
  // `2x`, `x0 x1`, `sin(x) exp(y)`: factors side by side.
  NodePtr product() {
    NodePtr left = unary();
    while (starts_factor()) left = node(Kind::binary, "juxtapose", {left, power()});
    return left;
  }
  NodePtr unary() {
    if (take("-")) return node(Kind::unary, "-", {unary()});
    if (take("+")) return unary();
    if (take("~")) return node(Kind::unary, "not", {unary()});
    return power();
  }
  NodePtr power() {
    NodePtr base = postfix();
    if (take("**") || take("^")) return node(Kind::binary, "**", {base, unary()});
    return base;
  }
  NodePtr chain(const std::set<std::string>& operators, NodePtr (Parser::*next)()) {
    NodePtr left = (this->*next)();
    while (peek().type == Token::Type::symbol && operators.contains(peek().text)) {
      const std::string op = tokens_[next_++].text;
      left = node(Kind::binary, op, {left, (this->*next)()});
    }
    return left;
  }
  bool starts_factor() const {
    static const std::set<std::string> kWords = {"and", "or", "not", "if", "else", "for", "in", "lambda", "together"};
    return peek().type == Token::Type::number || (peek().type == Token::Type::name && !kWords.contains(peek().text)) ||
           at("(");
  }

  NodePtr postfix() {
    NodePtr e = atom();
    for (;;) {
      if (take(".")) {
        if (peek().type != Token::Type::name) fail();
        e = node(Kind::attribute, tokens_[next_++].text, {e});
      } else if (e->kind != Kind::number && at("(")) {
        e = call(e);
      } else if (take("[")) {
        e = node(Kind::index, {}, {e});
        while (!take("]")) {
          e->children.push_back(subscript());
          if (!at("]")) expect(",");
        }
      } else {
        return e;
      }
    }
  }
  NodePtr call(NodePtr f) {
    expect("(");
    NodePtr c = node(Kind::call, {}, {std::move(f)});
    while (!take(")")) {
      std::string name;
      if (peek().type == Token::Type::name && peek(1).text == "=") {
        name = peek().text;
        next_ += 2;
      }
      c->children.push_back(expression());
      c->names.push_back(name);
      if (!at(")")) expect(",");
    }
    return c;
  }
  NodePtr subscript() {
    if (take("...")) return node(Kind::name, "...");
    NodePtr parts[3];
    bool slice = false;
    int i = 0;
    while (!at("]") && !at(",")) {
      if (take(":")) {
        slice = true;
        if (++i > 2) fail();
      } else {
        parts[i] = expression();
      }
    }
    return slice ? node(Kind::slice, {}, {parts[0], parts[1], parts[2]}) : parts[0] ? parts[0] : (fail(), nullptr);
  }

  NodePtr atom() {
    const Token t = peek();
    switch (t.type) {
      case Token::Type::number:
        ++next_;
        return node(Kind::number, t.text);
      case Token::Type::string:
        ++next_;
        return node(Kind::string, t.text);
      case Token::Type::name:
        ++next_;
        return node(Kind::name, t.text);
      case Token::Type::end:
        fail();
      case Token::Type::symbol:
        break;
    }
    if (take("(")) return parenthesis();
    if (take("[")) return list("]");
    if (take("{")) return dict();
    if (take("|")) return magnitude();
    fail();
  }
  NodePtr parenthesis() {
    if (take(")")) return node(Kind::list);
    NodePtr e = expression();
    if (at(",")) {
      e = node(Kind::list, {}, {e});
      while (take(",") && !at(")")) e->children.push_back(expression());
    }
    expect(")");
    return e;
  }
  NodePtr list(const char* close) {
    NodePtr l = node(Kind::list);
    while (!take(close)) {
      l->children.push_back(expression());
      if (!at(close)) expect(",");
    }
    return l;
  }
  NodePtr dict() {
    NodePtr d = node(Kind::dict);
    while (!take("}")) {
      d->children.push_back(expression());
      expect(":");
      d->children.push_back(expression());
      if (!at("}")) expect(",");
    }
    return d;
  }
  // |x|: the absolute value.
  NodePtr magnitude() {
    NodePtr e = expression();
    expect("|");
    NodePtr c = node(Kind::call, {}, {node(Kind::name, "abs"), e});
    c->names.push_back("");
    return c;
  }
  NodePtr rest_of_tuple(NodePtr first) {
    NodePtr l = node(Kind::list, {}, {std::move(first)});
    while (take(",")) l->children.push_back(expression());
    return l;
  }
  NodePtr python_lambda() {
    ++next_;
    NodePtr l = node(Kind::lambda);
    while (!take(":")) {
      if (peek().type != Token::Type::name) fail();
      l->names.push_back(tokens_[next_++].text);
      if (!at(":")) expect(",");
    }
    l->children.push_back(expression());
    return l;
  }
  NodePtr arrow_lambda() {
    NodePtr l = node(Kind::lambda);
    l->names.push_back(peek().text);
    next_ += 2;
    l->children.push_back(expression());
    return l;
  }

  const std::string& text_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
};

}  // namespace

NodePtr parse_expression(const std::string& text, bool remarks) { return Parser(text).whole(remarks); }

}  // namespace oracle
