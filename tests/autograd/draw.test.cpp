#include <oldphoto/autograd/draw.hpp>
#include <oldphoto/autograd/variable.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace oldphoto;

namespace {

Variable<float, 4> picture(const Shape<4>& shape, bool requires_grad = false) {
    return Variable<float, 4>(Tensor<float, 4>::zeros(shape), requires_grad);
}
Variable<float, 1> numbers(Index count) {
    return Variable<float, 1>(Tensor<float, 1>::zeros({count}), true);
}

template <class... V>
void append(Program& program, const char* name, const Cost& cost, const Window& window,
            const Variable<float, 4>& output, const V&... inputs) {
    program.append({name, {inputs.node()...}, output.node(), cost, window, {}});
}

/// A padded, normed convolution whose result is added to what it was before the norm.
struct SmallProgram {
    Variable<float, 4> x = picture({1, 3, 8, 8});
    Variable<float, 4> weight = picture({8, 3, 3, 3}, true);
    Variable<float, 1> bias = numbers(8);
    Variable<float, 4> padded = picture({1, 3, 10, 10});
    Variable<float, 4> raw = picture({1, 8, 4, 4});
    Variable<float, 4> normed = picture({1, 8, 4, 4});
    Variable<float, 4> sum = picture({1, 8, 4, 4});
    Program program;

    SmallProgram() {
        append(program, "pad", {}, {1, 1, false}, padded, x);
        append(program, "conv2d", {2.5e9, 12.34e6}, {1, 2, false}, raw, padded, weight, bias);
        append(program, "instance_norm", {1e8, 0}, Window::everything(), normed, raw, numbers(0),
               numbers(0));
        append(program, "add", {0, 0.5e6}, Window::pointwise(), sum, normed, raw);
    }
};

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("to_text shows a step a line and the totals", "[autograd][draw]") {
    const SmallProgram small;
    CHECK(to_text(small.program) ==
          "step  op             reads  parameters        output           GFLOP     MB  window\n"
          "   0  pad            x0                       (1, 3, 10, 10)       -      -  halo 1\n"
          "   1  conv2d         0      (8, 3, 3, 3) (8)  (1, 8, 4, 4)    2.5000  12.34  halo 1, "
          "scale 2\n"
          "   2  instance_norm  1                        (1, 8, 4, 4)    0.1000      -  global\n"
          "   3  add            2, 1                     (1, 8, 4, 4)         -   0.50\n"
          "4 steps, 224 parameters, 2.6000 GFLOP, 12.84 MB moved\n");
}

TEST_CASE("to_text of an empty program has totals alone", "[autograd][draw]") {
    CHECK(to_text(Program()) ==
          "step  op  reads  parameters  output  GFLOP  MB  window\n"
          "0 steps, 0 parameters, - GFLOP, - MB moved\n");
}

TEST_CASE("to_text counts a parameter that two steps share once", "[autograd][draw]") {
    const auto x = picture({1, 1, 2, 2});
    const auto y = picture({1, 1, 2, 2});
    const auto z = picture({1, 1, 2, 2});
    const auto weight = numbers(5);
    Program program;
    append(program, "first", {}, {}, y, x, weight);
    append(program, "second", {}, {}, z, y, weight);
    CHECK(to_text(program).find("2 steps, 5 parameters") != std::string::npos);
}

TEST_CASE("to_svg draws a box for what is given and for every step", "[autograd][draw]") {
    const SmallProgram small;
    const std::string svg = to_svg(small.program, "small");
    CHECK(svg.starts_with("<svg "));
    CHECK(svg.ends_with("</svg>\n"));
    CHECK(count(svg, "width=\"380\" height=\"28\"") == 5);
    CHECK(count(svg, ">x0</text>") == 1);
    CHECK(count(svg, ">conv2d</text>") == 1);
    CHECK(count(svg, ">small</text>") == 1);
    CHECK(count(svg, "4 steps, 224 parameters, 2.6000 GFLOP, 12.84 MB moved") == 1);
    CHECK(count(svg, ">1 \u00D7 8 \u00D7 4 \u00D7 4</text>") == 3);
    CHECK(count(svg, ">8 \u00D7 3 \u00D7 3 \u00D7 3  \u00B7  halo 1, scale 2</text>") == 1);
}

TEST_CASE("to_svg leads a skipped value around the boxes between", "[autograd][draw]") {
    const SmallProgram small;
    const std::string svg = to_svg(small.program);
    // Straight: x0 - pad - conv2d - instance_norm - add. Around: conv2d - add.
    CHECK(count(svg, "marker-end") == 5);
    CHECK(count(svg, "stroke=\"#c93a63\" fill=\"none\"") == 1);
}

TEST_CASE("to_svg gives arrows that run side by side lanes of their own", "[autograd][draw]") {
    const auto a = picture({1, 1, 2, 2});
    const auto b = picture({1, 1, 2, 2});
    const auto c = picture({1, 1, 2, 2});
    const auto d = picture({1, 1, 2, 2});
    const auto e = picture({1, 1, 2, 2});
    Program program;
    append(program, "one", {}, {}, b, a);
    append(program, "two", {}, {}, c, b);
    append(program, "three", {}, {}, d, c, a);
    append(program, "four", {}, {}, e, d, b, c);
    const std::string svg = to_svg(program);
    // a - three and b - four overlap; c - four overlaps with both.
    CHECK(count(svg, "H578Q586 ") == 1);
    CHECK(count(svg, "H594Q602 ") == 1);
    CHECK(count(svg, "H610Q618 ") == 1);
}

TEST_CASE("to_svg escapes names", "[autograd][draw]") {
    Program program;
    append(program, "a<b&c", {}, {}, picture({1, 1, 2, 2}), picture({1, 1, 2, 2}));
    CHECK(count(to_svg(program), ">a&lt;b&amp;c</text>") == 1);
}
