#include <oldphoto/io/pickle.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/pickles.hpp"
#include "../support/shared.hpp"
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace std::string_literals;  // they may hold zeros

using oldphoto::IoError;
using oldphoto::detail::PickleItems;
using oldphoto::detail::PickleKind;
using oldphoto::detail::PickleReader;
using oldphoto::detail::PickleTree;
using oldphoto::detail::PickleValue;
using oldphoto::test::message_of;
using oldphoto::test::op_dict;
using oldphoto::test::op_global;
using oldphoto::test::op_text;
using oldphoto::test::pickle;

constexpr std::string_view globals[] = {"collections.OrderedDict", "m.f"};

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

std::string show(const PickleTree& tree, PickleValue value, int depth = 0);

std::string show_items(const PickleTree& tree, PickleValue value, int depth) {
    std::string text;
    for (const PickleValue item : tree.items(value)) {
        text += (text.empty() ? "" : ", ") + show(tree, item, depth + 1);
    }
    return text;
}

/// A value as text: [1, {'a', None}]. Keys and values of dictionaries alternate.
std::string show(const PickleTree& tree, PickleValue value, int depth) {
    if (depth == 5) return "...";
    switch (value.kind) {
        case PickleKind::none:
            return "None";
        case PickleKind::boolean:
            return value.number != 0 ? "True" : "False";
        case PickleKind::integer:
            return std::to_string(value.number);
        case PickleKind::big_integer:
            return "big " + std::to_string(value.length);
        case PickleKind::real:
            return "real";
        case PickleKind::text:
            return "'" + std::string(tree.text(value)) + "'";
        case PickleKind::bytes:
            return "b'" + std::string(tree.text(value)) + "'";
        case PickleKind::list:
            return "[" + show_items(tree, value, depth) + "]";
        case PickleKind::tuple:
            return "(" + show_items(tree, value, depth) + ")";
        case PickleKind::dictionary:
            return "{" + show_items(tree, value, depth) + "}";
        case PickleKind::set:
            return "set(" + show_items(tree, value, depth) + ")";
        case PickleKind::global:
            return std::string(tree.global(value));
        case PickleKind::call:
            return "call(" + show_items(tree, value, depth) + ")";
        case PickleKind::persistent:
            return "persistent " +
                   show(tree, tree.persistent_ids()[static_cast<std::size_t>(value.number)],
                        depth + 1);
        case PickleKind::hole:
            break;
    }
    return "hole";
}

/// The value of the pickle with these opcodes.
std::string value_of(const std::string& ops, int protocol = 2) {
    const std::string text = pickle(ops, protocol);
    PickleReader reader(bytes_of(text), "p", globals);
    const PickleValue value = reader.read();
    CHECK(reader.position() == text.size());
    return show(reader.tree(), value);
}

/// The message, less the path, with which these bytes are refused.
std::string error_of_bytes(const std::string& text) {
    const std::string message =
        message_of<IoError>([&] { (void)PickleReader(bytes_of(text), "p", globals).read(); });
    return message.rfind("p: ", 0) == 0 ? message.substr(3) : message;
}

/// The same of a pickle with these opcodes; the first of them is byte 2.
std::string pickle_error(const std::string& ops) {
    return error_of_bytes(pickle(ops));
}

std::string repeat(const std::string& text, std::size_t count) {
    std::string all;
    for (std::size_t k = 0; k < count; ++k) all += text;
    return all;
}

}  // namespace

TEST_CASE("numbers and texts are read in each of their forms", "[io][pickle]") {
    CHECK(value_of("N") == "None");
    CHECK(value_of("\x88") == "True");
    CHECK(value_of("\x89") == "False");
    CHECK(value_of("K\xFF") == "255");
    CHECK(value_of("M\x2C\x01") == "300");
    CHECK(value_of("J\xFE\xFF\xFF\xFF") == "-2");
    CHECK(value_of("\x8A\0"s) == "0");
    CHECK(value_of("\x8A\1\x80") == "-128");
    CHECK(value_of("\x8A\2\xFF\0"s) == "255");
    CHECK(value_of("\x8A\x08\0\0\0\0\0\0\0\x80"s) == "-9223372036854775808");
    CHECK(value_of("\x8B\2\0\0\0\1\2"s) == "513");
    CHECK(value_of("\x8A\x09\0\0\0\0\0\0\0\0\1"s) == "big 9");
    CHECK(value_of("G\x3F\xF0\0\0\0\0\0\0"s) == "real");
    CHECK(value_of(op_text("caf\xC3\xA9")) == "'caf\xC3\xA9'");
    CHECK(value_of("\x8C\1z", 4) == "'z'");
    CHECK(value_of("\x8D\1\0\0\0\0\0\0\0z"s, 4) == "'z'");
    CHECK(value_of("U\2yz") == "'yz'");
    CHECK(value_of("T\2\0\0\0yz"s) == "'yz'");
    CHECK(value_of("C\2\xFFz", 3) == "b'\xFFz'");
    CHECK(value_of("B\1\0\0\0z"s, 3) == "b'z'");
    CHECK(value_of("\x8E\1\0\0\0\0\0\0\0z"s, 4) == "b'z'");
}

TEST_CASE("containers are read in each of their forms", "[io][pickle]") {
    CHECK(value_of(")") == "()");
    CHECK(value_of("K\1\x85") == "(1)");
    CHECK(value_of("K\1K\2\x86") == "(1, 2)");
    CHECK(value_of("K\1K\2K\3\x87") == "(1, 2, 3)");
    CHECK(value_of("(K\1K\2K\3K\4t") == "(1, 2, 3, 4)");
    CHECK(value_of("]K\1a(K\2K\3e(e") == "[1, 2, 3]");
    CHECK(value_of("}NK\1s(K\2K\3K\4K\5u") == "{None, 1, 2, 3, 4, 5}");
    CHECK(value_of("\x8F(K\1K\2\x90", 4) == "set(1, 2)");
    CHECK(value_of("(K\1\x91", 4) == "set(1)");
    CHECK(value_of("K\1K\2"
                   "0") == "1");
    CHECK(value_of("K\1(K\2K\3"
                   "1") == "1");
}

TEST_CASE("the memo gives back what was put, the very same object", "[io][pickle]") {
    CHECK(value_of("]q\0h\0K\1a\x86"s) == "([1], [1])");
    CHECK(value_of("K\7r\0\0\0\0j\0\0\0\0\x86"s) == "(7, 7)");
    CHECK(value_of("K\7\x94K\x08\x94h\0h\1\x86\x87"s, 4) == "(7, 8, (7, 8))");
    CHECK(value_of("K\7q\1h\1\x86") == "(7, 7)");  // Python 2 counts from 1
    CHECK(value_of("]q\0h\0a"s) == "[[[[[...]]]]]");
}

TEST_CASE("names, calls and persistent ids are kept as data", "[io][pickle]") {
    CHECK(value_of(op_global("m", "f")) == "m.f");
    CHECK(value_of(op_text("m") + op_text("f") + "\x93", 4) == "m.f");
    CHECK(value_of(op_global("m", "f") + "K\1\x85R") == "call(m.f, (1))");
    CHECK(value_of("K\7\x85Q") == "persistent (7)");
    CHECK(value_of("\x95\x02\0\0\0\0\0\0\0K\1"s, 4) == "1");
}

TEST_CASE("an OrderedDict is a dictionary whose attributes are dropped", "[io][pickle]") {
    const std::string ordered_dict = op_global("collections", "OrderedDict");
    CHECK(value_of(ordered_dict + ")RK\1K\2s" + op_dict(op_text("_metadata") + "N") + "b") ==
          "{1, 2}");
    CHECK(value_of(ordered_dict + "](](K\1K\2eK\3K\4\x86"
                                  "e\x85R") == "{1, 2, 3, 4}");
}

TEST_CASE("pickles that follow one another share nothing but their bytes", "[io][pickle]") {
    const std::string text = pickle("K\7q\0"s) + pickle("K\x08") + pickle("h\1");
    PickleReader reader(bytes_of(text), "p", globals);
    CHECK(reader.read().number == 7);
    CHECK(reader.read().number == 8);
    CHECK(message_of<IoError>([&] { (void)reader.read(); }) ==
          "p: byte 14: gets 1 from the memo, where nothing was put");
}

TEST_CASE("what makes or calls objects is refused by name", "[io][pickle][errors]") {
    CHECK(pickle_error(op_global("os", "system") + op_text("true") + "\x85R") ==
          "byte 2: global 'os.system' is forbidden");
    CHECK(pickle_error(op_text("posix") + op_text("system") + "\x93") ==
          "byte 23: global 'posix.system' is forbidden");
    CHECK(pickle_error(op_global("builtins", "eval\x1b[2J")) ==
          "byte 2: global 'builtins.eval\\x1b[2J' is forbidden");
    CHECK(pickle_error("K\1)R") == "byte 5: REDUCE of an integer is forbidden");
    CHECK(pickle_error(op_global("m", "f") + ")R)R") == "byte 10: REDUCE of a call is forbidden");
    CHECK(pickle_error(op_global("m", "f") + "]R") == "byte 8: REDUCE with a list for arguments");
    CHECK(pickle_error(op_global("m", "f") + ")R}b") == "byte 10: BUILD of a call is forbidden");
    CHECK(pickle_error("]}b") == "byte 4: BUILD of a list is forbidden");
    CHECK(pickle_error("KaKb\x93") == "byte 6: names a global by an integer");

    const std::vector<std::pair<std::string, std::string>> ops = {{"2", "DUP"},
                                                                  {"F", "FLOAT"},
                                                                  {"I", "INT"},
                                                                  {"L", "LONG"},
                                                                  {"P", "PERSID"},
                                                                  {"S", "STRING"},
                                                                  {"V", "UNICODE"},
                                                                  {"d", "DICT"},
                                                                  {"g", "GET"},
                                                                  {"i", "INST"},
                                                                  {"l", "LIST"},
                                                                  {"o", "OBJ"},
                                                                  {"p", "PUT"},
                                                                  {"\x80", "PROTO"},
                                                                  {"\x81", "NEWOBJ"},
                                                                  {"\x82", "EXT1"},
                                                                  {"\x83", "EXT2"},
                                                                  {"\x84", "EXT4"},
                                                                  {"\x92", "NEWOBJ_EX"},
                                                                  {"\x96", "BYTEARRAY8"},
                                                                  {"\x97", "NEXT_BUFFER"},
                                                                  {"\x98", "READONLY_BUFFER"},
                                                                  {"\xFF", "255"}};
    for (const auto& [op, name] : ops) {
        CHECK(pickle_error("N" + op) == "byte 3: opcode " + name + " is forbidden");
    }
}

TEST_CASE("other protocols and other files are refused", "[io][pickle][errors]") {
    CHECK(error_of_bytes("") == "byte 0: needs 1 bytes at 0, but reading ends at 0");
    CHECK(error_of_bytes("(lp0\n.") ==
          "byte 0: a pickle of protocol 2 to 4 does not begin like this");
    for (const int protocol : {0, 1, 5, 255}) {
        CHECK(error_of_bytes(pickle("N", protocol)) ==
              "byte 0: pickle protocol " + std::to_string(protocol) + " is not 2 to 4");
    }
}

TEST_CASE("lengths and counts beyond the bytes take no memory", "[io][pickle][errors]") {
    CHECK(pickle_error("X\xFF\xFF\xFF\xFF") ==
          "byte 2: needs 4294967295 bytes at 7, but reading ends at 8");
    CHECK(pickle_error("\x8D" + repeat("\xFF", 8)) ==
          "byte 2: needs 18446744073709551615 bytes at 11, but reading ends at 12");
    CHECK(pickle_error("\x8E" + repeat("\xFF", 8)) ==
          "byte 2: needs 18446744073709551615 bytes at 11, but reading ends at 12");
    CHECK(pickle_error("T" + repeat("\xFF", 4)) == "byte 2: length -1 is negative");
    CHECK(pickle_error("\x8B" + repeat("\xFF", 4)) == "byte 2: length -1 is negative");
    CHECK(pickle_error("\x8B\xFF\xFF\xFF\x7F") ==
          "byte 2: needs 2147483647 bytes at 7, but reading ends at 8");
    CHECK(pickle_error("\x95" + repeat("\xFF", 8)) ==
          "byte 2: a frame of 18446744073709551615 bytes, but reading ends at 12");
    CHECK(pickle_error("cmodule") == "byte 2: a name does not end");
    CHECK(pickle_error("Nr" + repeat("\xFF", 4)) ==
          "byte 3: puts into the memo at 4294967295, which holds 0");
    CHECK(pickle_error("Nq\2") == "byte 3: puts into the memo at 2, which holds 0");
    CHECK(pickle_error("(" + repeat("N", (1U << 20U) + 1) + "t") ==
          "byte 1048579: more than 1048576 values on the stack");
    CHECK(pickle_error(repeat("(", 4097)) == "byte 4098: more than 4096 marks on the stack");
}

TEST_CASE("a stack or a memo that is not as it must be is refused", "[io][pickle][errors]") {
    CHECK(pickle_error("") == "byte 2: STOP with 0 values and 0 marks on the stack");
    CHECK(pickle_error("NN") == "byte 4: STOP with 2 values and 0 marks on the stack");
    CHECK(pickle_error("N(") == "byte 4: STOP with 1 values and 1 marks on the stack");
    for (const std::string op : {"0", "\x85", "a", "b", "Q", "R", "s", "\x93", "\x94"}) {
        CHECK(pickle_error(op) == "byte 2: takes a value from an empty stack");
    }
    CHECK(pickle_error("N(0") == "byte 4: takes a value from an empty stack");
    CHECK(pickle_error("(e") == "byte 3: takes a value from an empty stack");
    for (const std::string op : {"1", "t", "e", "u", "\x90", "\x91"}) {
        CHECK(pickle_error("N" + op) == "byte 3: takes values down to a mark, but there is none");
    }
    CHECK(pickle_error("h\1") == "byte 2: gets 1 from the memo, where nothing was put");
    CHECK(pickle_error("Nq\1h\0"s) == "byte 5: gets 0 from the memo, where nothing was put");
    CHECK(pickle_error("}Na") == "byte 4: adds to a list, but finds a dictionary");
    CHECK(pickle_error("]NNs") == "byte 5: adds to a dictionary, but finds a list");
    CHECK(pickle_error("](N\x90") == "byte 5: adds to a set, but finds a list");
    CHECK(pickle_error(")Na") == "byte 4: adds to a list, but finds a tuple");
    CHECK(pickle_error("}(Nu") == "byte 5: a key has no value");
}

TEST_CASE("an OrderedDict of something else than pairs is refused", "[io][pickle][errors]") {
    const std::string ordered_dict = op_global("collections", "OrderedDict");  // bytes 2 to 26
    CHECK(pickle_error(ordered_dict + "N\x85R") == "byte 29: OrderedDict takes a list or nothing");
    CHECK(pickle_error(ordered_dict + "]]\x86R") == "byte 30: OrderedDict takes a list or nothing");
    CHECK(pickle_error(ordered_dict + "]Na\x85R") ==
          "byte 31: OrderedDict takes pairs, but finds None");
    CHECK(pickle_error(ordered_dict + "]N\x85"
                                      "a\x85R") == "byte 32: OrderedDict takes pairs");
    // One list of 100 pairs, taken 100 times.
    const std::string pairs = "](" + repeat("NN\x86", 100) +
                              "e\x85\x94"
                              "0";
    CHECK(pickle_error(ordered_dict + "\x94" + pairs + repeat("h\0h\1R0"s, 100) + "N")
              .find("OrderedDict copies more values than there are bytes") != std::string::npos);
}

TEST_CASE("a pickle that ends anywhere too early is refused", "[io][pickle][fuzz]") {
    const std::string whole =
        pickle(op_dict(op_text("w") + op_global("m", "f") + "(K\1M\2\3J\1\2\3\4\x8A\1\5tR" +
                       op_text("list") + "](K\1K\2e"));
    CHECK(error_of_bytes(whole).empty());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(error_of_bytes(whole.substr(0, size)).empty());
    }
}

TEST_CASE("the plain values of a fixture are read as Python wrote them", "[io][pickle][fixture]") {
    const std::string path = oldphoto::test::fixture_path("ckpt/edge_cases.legacy.pth");
    OLDPHOTO_NEEDS_FIXTURE("ckpt/edge_cases.legacy.pth");
    constexpr std::string_view names[] = {"collections.OrderedDict",
                                          "torch._utils._rebuild_tensor_v2",
                                          "torch._utils._rebuild_parameter",
                                          "torch.FloatStorage",
                                          "torch.HalfStorage",
                                          "torch.DoubleStorage",
                                          "torch.BFloat16Storage",
                                          "torch.LongStorage",
                                          "torch.IntStorage",
                                          "torch.ShortStorage",
                                          "torch.ByteStorage",
                                          "torch.CharStorage",
                                          "torch.BoolStorage",
                                          "_codecs.encode"};
    const std::string text = oldphoto::test::read_text(path);
    PickleReader reader(bytes_of(text), path, names);
    for (int k = 0; k < 3; ++k) (void)reader.read();
    const PickleValue object = reader.read();
    const PickleTree& tree = reader.tree();
    const PickleItems& items = tree.items(object);
    REQUIRE(items.size() > 2);
    std::string plain;  // what stands beside model_state
    for (std::size_t k = 2; k < items.size(); ++k) plain += show(tree, items[k]) + " ";
    CHECK(plain ==
          "'epoch' 7 'big_int' big 9 'neg' -1 'short' 300 'lr' real 'name' 'caf\xC3\xA9' "
          "'flag' False 'none' None 'tuple' (1, real, 'x') 'list' [1, [2, [3]]] "
          "'bytes' call(_codecs.encode, ('" +
              std::string(1, '\0') +
              "\xC3\xBF', 'latin1')) "
              "'set_like' {'a', {}} 'long_text' '" +
              std::string(300, 'y') + "' ");
    CHECK(tree.persistent_ids().size() == 18);
    CHECK(show(tree, tree.persistent_ids()[0]) ==
          "('storage', torch.FloatStorage, '642751872', 'cpu', 24, None)");
}
