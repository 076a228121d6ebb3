#include <dlib/dnn.h>

// A small residual network of dlib and its trainer.

namespace {

template <template <int, template <typename> class, int, typename> class Block, int Channels,
          template <typename> class Norm, typename Input>
using Residual = dlib::add_prev1<Block<Channels, Norm, 1, dlib::tag1<Input>>>;

template <int Channels, template <typename> class Norm, int Stride, typename Input>
using TwoConvolutions =
    Norm<dlib::con<Channels, 3, 3, 1, 1,
                   dlib::relu<Norm<dlib::con<Channels, 3, 3, Stride, Stride, Input>>>>>;

template <int Channels, typename Input>
using Stage = dlib::relu<Residual<TwoConvolutions, Channels, dlib::bn_con, Input>>;

using Stem = dlib::relu<dlib::bn_con<dlib::con<32, 7, 7, 2, 2, dlib::input_rgb_image>>>;
using Network = dlib::loss_multiclass_log<
    dlib::fc<10, dlib::avg_pool_everything<Stage<64, Stage<64, Stage<32, Stage<32, Stem>>>>>>>;

}  // namespace

int main() {
    Network network;
    dlib::dnn_trainer<Network> trainer(network);
    const std::vector<dlib::matrix<dlib::rgb_pixel>> pictures;
    const std::vector<unsigned long> labels;
    trainer.train(pictures, labels);
    dlib::serialize("network.dat") << network;
}
