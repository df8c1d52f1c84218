// libfyaml makes the events; everything here is what it leaves open: which characters may come in at all, the tree,
// aliases and merges within limits, duplicate keys, and messages that say what to do. The characters are checked
// before libfyaml sees them, because its own reporting of broken input is where its faults have been.
#include "settings/yaml.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <new>
#include <unordered_map>
#include <utility>

#include <libfyaml.h>

#include "settings/yaml_quoted.hpp"

namespace tutti::yaml {
namespace {

struct Refused {
  Problem problem;
};

[[noreturn]] void refuse(Position at, std::string what) { throw Refused{{at, std::move(what)}}; }

std::string quoted(std::string_view text) {
  constexpr std::size_t shown_max = 60;
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size() && i < shown_max; ++i) {
    const char c = text[i];
    out += c == '\n' || c == '\t' || c == '\r' ? ' ' : c;
  }
  if (text.size() > shown_max) {
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
    if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
    out += "...";
  }
  return out + "\"";
}

// --- characters ---

// The code point at `i` and its length; 0 bytes if it is no UTF-8 (RFC 3629).
std::pair<char32_t, std::size_t> decode(std::string_view text, std::size_t i) noexcept {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - i < length) return {0, 0};
  char32_t point = first & (0xFF >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) return {0, 0};
    point = point << 6 | (byte(i + k) & 0x3F);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return {0, 0};
  return {point, length};
}

// Refuses what is not printable text (YAML 1.2.2 section 5.1, and a little more), and turns CR LF into LF.
std::string checked(std::string_view text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  std::string out;
  out.reserve(text.size() + 1);
  Position at{1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const auto [point, length] = decode(text, i);
    char shown[80];
    if (length == 0) {
      std::snprintf(shown, sizeof shown, "byte 0x%02X is not valid UTF-8; save the file as UTF-8",
                    static_cast<unsigned>(static_cast<unsigned char>(text[i])));
      refuse(at, shown);
    }
    if (point == '\r') {
      if (i + 1 >= text.size() || text[i + 1] != '\n')
        refuse(at, "a carriage return without a line feed; end lines with LF or CR LF");
      ++i;
      continue;
    }
    const bool control = (point < 0x20 && point != '\t' && point != '\n') || (point >= 0x7F && point < 0xA0);
    if (control || point == 0x2028 || point == 0x2029 || point == 0xFEFF || point == 0xFFFE || point == 0xFFFF) {
      std::snprintf(shown, sizeof shown, "character U+%04X is not allowed; write it as an escape in double quotes",
                    static_cast<unsigned>(point));
      refuse(at, shown);
    }
    out.append(text, i, length);
    i += length;
    if (point == '\n') {
      ++at.line;
      at.column = 1;
    } else {
      ++at.column;
    }
  }
  return out;
}

// --- types ---

bool all_of(std::string_view text, std::string_view allowed) noexcept {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view digits = "0123456789";

bool is_real(std::string_view text) noexcept {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return true;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF") return true;
  std::string_view mantissa = text;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
    if (!all_of(exponent, digits)) return false;
    mantissa = text.substr(0, e);
  }
  const auto dot = mantissa.find('.');
  if (dot == std::string_view::npos) return all_of(mantissa, digits);
  const auto before = mantissa.substr(0, dot), after = mantissa.substr(dot + 1);
  return (before.empty() || all_of(before, digits)) && (after.empty() ? !before.empty() : all_of(after, digits));
}

Type type_of_plain(std::string_view text) noexcept {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return Type::null;
  for (const std::string_view word : {"true", "True", "TRUE", "false", "False", "FALSE"})
    if (text == word) return Type::boolean;
  if (text.starts_with("0o") && all_of(text.substr(2), "01234567")) return Type::integer;
  if (text.starts_with("0x") && all_of(text.substr(2), "0123456789abcdefABCDEF")) return Type::integer;
  if (all_of(text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text, digits)) return Type::integer;
  return is_real(text) ? Type::real : Type::text;
}

// --- the tree ---

struct Weight {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
};

Weight weight_of(const Node& node) {
  Weight sum{1, node.text.size()};
  const auto add = [&](const Node& child) {
    const Weight w = weight_of(child);
    sum.nodes += w.nodes;
    sum.bytes += w.bytes;
  };
  for (const Node& item : node.items) add(item);
  for (const Entry& entry : node.entries) {
    sum.bytes += entry.key.size();
    add(entry.value);
  }
  return sum;
}

std::size_t depth_of(const Node& node) {
  std::size_t deepest = 0;
  for (const Node& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const Entry& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
  return node.form == Form::scalar ? 0 : deepest + 1;
}

constexpr std::string_view schema_tags = "tag:yaml.org,2002:";

class Builder {
 public:
  explicit Builder(const Limits& limits) : limits_(limits) { root_.at = {1, 1}; }

  void open(Node node, std::string anchor, std::string_view tag) {
    const std::string_view wanted = node.form == Form::sequence ? "seq" : "map";
    if (!tag.empty() && tag != "!" && !(tag.starts_with(schema_tags) && tag.substr(schema_tags.size()) == wanted))
      refuse_tag(node.at, tag);
    if (open_.size() >= limits_.depth_max)
      refuse(node.at, "collections are nested deeper than " + std::to_string(limits_.depth_max) + "; flatten the file");
    refuse_as_key(node);
    count(node.at, {1, 0});
    if (!anchor.empty()) anchors_[anchor] = Anchor{};  // still open: an alias inside would have no end
    open_.push_back({std::move(node), std::move(anchor), {}, {}, {}, {}});
  }

  void close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    if (frame.node.form == Form::mapping) merge(frame);
    finish(std::move(frame.node), frame.anchor);
  }

  void scalar(Node node, const std::string& anchor, std::string_view tag) {
    apply_tag(node, tag);
    if (open_.empty() || open_.back().node.form != Form::mapping || open_.back().key) {
      count(node.at, {1, node.text.size()});
      finish(std::move(node), anchor);
      return;
    }
    if (!anchor.empty()) anchors_[anchor] = Anchor{node, weight_of(node), 0, true};
    key(std::move(node));
  }

  void alias(Position at, const std::string& name) {
    const auto found = anchors_.find(name);
    if (found == anchors_.end())
      refuse(at, "alias *" + name + " has no anchor before it; write &" + name + " at the value that it stands for");
    if (!found->second.done)
      refuse(at, "alias *" + name + " stands inside its own anchor; a value cannot contain itself");
    const Anchor& anchor = found->second;
    if (!open_.empty() && open_.back().node.form == Form::mapping && !open_.back().key) {
      if (anchor.node.form != Form::scalar)
        refuse(at, "a key must be text; alias *" + name + " stands for a collection");
      Node copy = anchor.node;
      copy.at = at;
      key(std::move(copy));
      return;
    }
    if (open_.size() + anchor.depth > limits_.depth_max)
      refuse(at, "collections are nested deeper than " + std::to_string(limits_.depth_max) + "; flatten the file");
    count(at, anchor.weight);
    attach(anchor.node);
  }

  Node take() { return std::move(root_); }

 private:
  struct Anchor {
    Node node = {};
    Weight weight = {};
    std::size_t depth = 0;
    bool done = false;
  };
  struct Merge {
    Node from;
    Position at;
  };
  struct Frame {
    Node node;
    std::string anchor;
    std::optional<Node> key;                            // of the entry whose value comes next
    std::unordered_map<std::string, std::size_t> seen;  // key -> index in node.entries
    std::optional<Merge> merge;
    bool merging = false;  // the value that comes next belongs to "<<"
  };

  void count(Position at, Weight weight) {
    total_.nodes += weight.nodes;
    total_.bytes += weight.bytes;
    if (total_.nodes > limits_.nodes_max)
      refuse(at, "more than " + std::to_string(limits_.nodes_max) + " values (aliases expanded); split the file");
    if (total_.bytes > limits_.expanded_bytes_max)
      refuse(at,
             "more than " + std::to_string(limits_.expanded_bytes_max) + " bytes (aliases expanded); split the file");
  }

  [[noreturn]] static void refuse_tag(Position at, std::string_view tag) {
    if (tag.starts_with(schema_tags)) tag.remove_prefix(schema_tags.size());
    refuse(at, "tag " + quoted(tag) + " is not supported here; remove it");
  }

  static void apply_tag(Node& node, std::string_view tag) {
    if (tag.empty()) return;
    if (tag == "!") {
      node.style = Style::quoted;
      return;
    }
    if (!tag.starts_with(schema_tags)) refuse_tag(node.at, tag);
    const std::string_view name = tag.substr(schema_tags.size());
    if (name == "str") {
      node.style = Style::quoted;
      return;
    }
    // The tag may say what the text already means; a conversion is nothing that a reader could see coming.
    const Type type = type_of(node);
    if ((name == "int" && type == Type::integer) || (name == "float" && type == Type::real) ||
        (name == "bool" && type == Type::boolean) || (name == "null" && type == Type::null))
      return;
    refuse_tag(node.at, tag);
  }

  void refuse_as_key(const Node& node) const {
    if (!open_.empty() && open_.back().node.form == Form::mapping && !open_.back().key)
      refuse(node.at, "a key must be text, this one is a collection; quote it if it is meant as text");
  }

  void key(Node node) {
    Frame& frame = open_.back();
    if (type_of(node) == Type::null) refuse(node.at, "a key is missing before \":\"; quote it if it is meant as text");
    if (node.text == "<<" && node.style == Style::plain) {
      if (frame.merge) refuse(node.at, "key \"<<\" is written twice; give it a list: <<: [*a, *b]");
      frame.merging = true;
    } else {
      const auto [at, fresh] = frame.seen.emplace(node.text, frame.node.entries.size());
      if (!fresh)
        refuse(node.at, "key " + quoted(node.text) + " is written twice (first in line " +
                            std::to_string(frame.node.entries[at->second].at.line) + "); remove one of them");
    }
    count(node.at, {0, node.text.size()});
    frame.key = std::move(node);
  }

  void finish(Node node, const std::string& anchor) {
    if (!anchor.empty()) {
      const Weight weight = weight_of(node);
      kept_.nodes += weight.nodes;
      kept_.bytes += weight.bytes;
      if (kept_.nodes > limits_.nodes_max || kept_.bytes > limits_.expanded_bytes_max)
        refuse(node.at, "too much stands under anchors; expected at most " + std::to_string(limits_.nodes_max) +
                            " values of " + std::to_string(limits_.expanded_bytes_max) +
                            " bytes together; split the file");
      anchors_[anchor] = Anchor{node, weight, depth_of(node), true};
    }
    attach(std::move(node));
  }

  void attach(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = open_.back();
    if (frame.node.form == Form::sequence) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    Node key = std::move(*frame.key);
    frame.key.reset();
    if (frame.merging) {
      frame.merging = false;
      frame.merge = Merge{std::move(node), key.at};
      return;
    }
    // Of a value that is not there, libfyaml knows no place.
    if (node.form == Form::scalar && node.style == Style::plain && node.text.empty()) node.at = key.at;
    frame.node.entries.push_back({std::move(key.text), key.at, std::move(node)});
  }

  // https://yaml.org/type/merge.html: the mapping's own keys win, then the earlier of several merged mappings.
  void merge(Frame& frame) {
    if (!frame.merge) return;
    const auto from = [&](const Node& source) {
      if (source.form != Form::mapping)
        refuse(frame.merge->at,
               "\"<<\" merges " + std::string(describe(source)) + "; expected a mapping or a list of mappings");
      for (const Entry& entry : source.entries) {
        if (!frame.seen.emplace(entry.key, 0).second) continue;
        Weight weight = weight_of(entry.value);
        weight.bytes += entry.key.size();
        count(frame.merge->at, weight);
        frame.node.entries.push_back(entry);
      }
    };
    if (frame.merge->from.form == Form::sequence) {
      for (const Node& source : frame.merge->from.items) from(source);
    } else {
      from(frame.merge->from);
    }
  }

  const Limits& limits_;
  std::vector<Frame> open_;
  std::map<std::string, Anchor, std::less<>> anchors_;
  Weight total_;
  Weight kept_;  // copied into anchors_
  Node root_;
};

// --- libfyaml ---

void silent(fy_diag*, void*, const char*, std::size_t) {}  // every error is collected; nothing goes to stderr

std::string_view text_of(fy_token* token) {
  std::size_t size = 0;
  const char* text = token == nullptr ? nullptr : fy_token_get_text(token, &size);
  return text == nullptr ? std::string_view{} : std::string_view(text, size);
}

Position position_of(const fy_mark* mark, Position otherwise) {
  if (mark == nullptr || mark->line < 0 || mark->column < 0) return otherwise;
  return {static_cast<std::uint32_t>(mark->line) + 1, static_cast<std::uint32_t>(mark->column) + 1};
}

class Parser {
 public:
  Parser(const std::string& text, FlowLines flow_lines) : text_(text) {
    fy_diag_cfg diag = {};
    fy_diag_cfg_default(&diag);
    diag.fp = nullptr;
    diag.output_fn = silent;
    diag_.reset(fy_diag_create(&diag));
    if (diag_ == nullptr) throw std::bad_alloc();
    fy_diag_set_collect_errors(diag_.get(), true);
    fy_parse_cfg cfg = {};
    cfg.flags =
        static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE |
                                        (flow_lines == FlowLines::anywhere ? FYPCF_SLOPPY_FLOW_INDENTATION : 0));
    cfg.diag = diag_.get();
    parser_.reset(fy_parser_create(&cfg));
    if (parser_ == nullptr || fy_parser_set_string(parser_.get(), text.data(), text.size()) != 0)
      throw std::bad_alloc();
  }

  Node parse(const Limits& limits) {
    Builder builder(limits);
    bool seen = false;
    Position last{1, 1};
    for (;;) {
      const Event event(parser_.get());
      if (event.get() == nullptr) break;
      fy_event& e = *event.get();
      const Position at = last = position_of(fy_event_start_mark(&e), last);
      const auto node = [at](Form form) {
        Node made;
        made.form = form;
        made.at = at;
        return made;
      };
      switch (e.type) {
        case FYET_DOCUMENT_START:
          if (seen) refuse(at, "a second document starts here; keep one document in a file");
          seen = true;
          break;
        case FYET_SEQUENCE_START:
          builder.open(node(Form::sequence), std::string(text_of(e.sequence_start.anchor)),
                       text_of(e.sequence_start.tag));
          break;
        case FYET_MAPPING_START:
          builder.open(node(Form::mapping), std::string(text_of(e.mapping_start.anchor)), text_of(e.mapping_start.tag));
          break;
        case FYET_SEQUENCE_END:
        case FYET_MAPPING_END:
          builder.close();
          break;
        case FYET_ALIAS:
          builder.alias({at.line, at.column - (at.column > 1 ? 1 : 0)},
                        std::string(text_of(e.alias.anchor)));  // the mark stands behind the *
          break;
        case FYET_SCALAR: {
          Node scalar = node(Form::scalar);
          const fy_scalar_style style = e.scalar.value == nullptr ? FYSS_PLAIN : fy_token_scalar_style(e.scalar.value);
          scalar.style = style == FYSS_PLAIN ? Style::plain : Style::quoted;
          // The mark stands behind the opening quote.
          if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && scalar.at.column > 1) --scalar.at.column;
          if (style == FYSS_LITERAL || style == FYSS_FOLDED) scalar.at = block_header_before(scalar.at);
          if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
            scalar.text = quoted_text_of(e.scalar.value, scalar.at);
          else
            scalar.text = text_of(e.scalar.value);
          builder.scalar(std::move(scalar), std::string(text_of(e.scalar.anchor)), text_of(e.scalar.tag));
          break;
        }
        case FYET_STREAM_END:
          refuse_errors(last);
          return builder.take();
        default:
          break;
      }
    }
    refuse_errors(last);
    refuse(last, "the text ends within a value; complete it");
  }

 private:
  // The token's mark stands behind the opening quote.
  [[nodiscard]] std::string quoted_text_of(fy_token* token, Position at) const {
    const fy_mark* const mark = fy_token_start_mark(token);
    const std::size_t behind = mark == nullptr ? 0 : mark->input_pos;
    auto text = behind == 0 || behind > text_.size() ? std::nullopt : quoted_text(text_, behind - 1);
    if (!text) refuse(at, "this quoted text cannot be read; write it in another way");
    return std::move(*text);
  }

  struct Destroy {
    void operator()(fy_diag* d) const { fy_diag_destroy(d); }
    void operator()(fy_parser* p) const { fy_parser_destroy(p); }
  };
  class Event {
   public:
    explicit Event(fy_parser* parser) : parser_(parser), event_(fy_parser_parse(parser)) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() {
      if (event_ != nullptr) fy_parser_event_free(parser_, event_);
    }
    [[nodiscard]] fy_event* get() const { return event_; }

   private:
    fy_parser* parser_;
    fy_event* event_;
  };

  void refuse_errors(Position last) const {
    void* previous = nullptr;
    const fy_diag_error* error = fy_diag_errors_iterate(diag_.get(), &previous);
    if (error == nullptr) {
      if (fy_parser_get_stream_error(parser_.get()))
        refuse(last, "this is not valid YAML; check the line before it too");
      return;
    }
    Position at = last;
    if (error->line > 0 && error->column > 0)
      at = {static_cast<std::uint32_t>(error->line), static_cast<std::uint32_t>(error->column)};
    if (tab_indents(at.line)) refuse(at, "a tab is used as indentation; indent with spaces");
    std::string message = error->msg == nullptr ? "" : error->msg;
    while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
    refuse(at, "this is not valid YAML (" + message + "); correct it, or quote the text if it is meant as one");
  }

  [[nodiscard]] std::string_view line_at(std::uint32_t line) const {
    std::size_t start = 0;
    for (std::uint32_t i = 1; i < line; ++i) {
      start = text_.find('\n', start);
      if (start == std::string::npos) return {};
      ++start;
    }
    return std::string_view(text_).substr(start, text_.find('\n', start) - start);
  }

  [[nodiscard]] bool tab_indents(std::uint32_t line) const {
    const std::string_view text = line_at(line);
    const std::size_t first = text.find_first_not_of(' ');
    return first != std::string_view::npos && text[first] == '\t';
  }

  // The mark of a block scalar is its first line of text; what people look for is the | or > in the line before.
  [[nodiscard]] Position block_header_before(Position at) {
    if (at.line < 2) return at;
    const std::string_view text = line_before(at.line);
    for (std::size_t i = text.find_first_of("|>"); i != std::string_view::npos; i = text.find_first_of("|>", i + 1)) {
      const std::size_t rest = text.find_first_not_of("0123456789+-", i + 1);
      const std::size_t behind = rest == std::string_view::npos ? rest : text.find_first_not_of(" \t", rest);
      if (behind != std::string_view::npos && (text[behind] != '#' || behind == rest)) continue;
      std::uint32_t column = 1;
      for (const char c : text.substr(0, i)) column += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
      return {at.line - 1, column};
    }
    return at;
  }

  // Block scalars come in order: going on from the last one keeps a file full of them linear.
  std::string_view line_before(std::uint32_t line) {
    while (cursor_line_ + 1 < line) {
      const std::size_t end = text_.find('\n', cursor_);
      if (end == std::string::npos) return {};
      cursor_ = end + 1;
      ++cursor_line_;
    }
    if (cursor_line_ + 1 != line) return {};
    return std::string_view(text_).substr(cursor_, text_.find('\n', cursor_) - cursor_);
  }

  const std::string& text_;
  std::size_t cursor_ = 0;
  std::uint32_t cursor_line_ = 1;
  std::unique_ptr<fy_diag, Destroy> diag_;
  std::unique_ptr<fy_parser, Destroy> parser_;
};

}  // namespace

const Node* Node::find(std::string_view key) const noexcept {
  for (const Entry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

Type type_of(const Node& scalar) noexcept {
  return scalar.style == Style::quoted ? Type::text : type_of_plain(scalar.text);
}

std::string_view describe(const Node& node) noexcept {
  if (node.form == Form::sequence) return "a list";
  if (node.form == Form::mapping) return "a mapping";
  switch (type_of(node)) {
    case Type::null:
      return "nothing";
    case Type::boolean:
      return "true or false";
    case Type::integer:
      return "a whole number";
    case Type::real:
      return "a number";
    case Type::text:
      break;
  }
  return "a text";
}

Document read(std::string_view text, const Limits& limits, FlowLines flow_lines) {
  try {
    if (text.size() > limits.bytes_max)
      refuse({1, 1}, "the file has " + std::to_string(text.size()) + " bytes; expected at most " +
                         std::to_string(limits.bytes_max) + "; split it");
    const std::string clean = checked(text);
    return {Parser(clean, flow_lines).parse(limits), std::nullopt};
  } catch (Refused& refused) {
    return {{}, std::move(refused.problem)};
  }
}

std::string to_string(std::string_view file, Position at) {
  return std::string(file) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

std::string to_string(std::string_view file, const Problem& problem) {
  return to_string(file, problem.at) + ": " + problem.what;
}

}  // namespace tutti::yaml
