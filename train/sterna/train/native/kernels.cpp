// Batch normalization, step and surrogate gradient of spiking neurons in two passes each way, for
// ctypes: sterna.train.fused calls them. Arrays are [rows][width], bfloat16 as its 16 bits. Threads
// share the columns, so that their number changes no sum.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#define EXPORT __attribute__((visibility("default")))

namespace {

// Rows whose sums are taken in float before they are added to those in double.
constexpr int64_t ROWS = 64;
// Columns that a thread takes at least: a line of memory.
constexpr int64_t COLUMNS = 32;
constexpr uint16_t ONE = 0x3F80;

inline float wide(uint16_t bits) {
    const uint32_t all = uint32_t(bits) << 16;
    float value;
    std::memcpy(&value, &all, sizeof value);
    return value;
}

// Rounded to the nearest, to even between two.
inline uint16_t narrow(float value) {
    uint32_t all;
    std::memcpy(&all, &value, sizeof all);
    return uint16_t((all + 0x7FFF + (all >> 16 & 1)) >> 16);
}

// Two sums of each column, in double, of what `add(row, first sums, second sums)` adds up.
template <class Add>
std::vector<double> sums(int64_t rows, int64_t count, Add add) {
    std::vector<double> total(2 * count);
    std::vector<float> part(2 * count);
    for (int64_t at = 0; at < rows; at += ROWS) {
        std::fill(part.begin(), part.end(), 0.0f);
        for (int64_t row = at; row < std::min(rows, at + ROWS); row++)
            add(row, part.data(), part.data() + count);
        for (int64_t i = 0; i < 2 * count; i++) total[i] += part[i];
    }
    return total;
}

// Call `work(first column, columns)` in threads that share the columns.
template <class Work>
void shared(int threads, int64_t width, Work work) {
    const int64_t lines = (width + COLUMNS - 1) / COLUMNS;
    const int64_t count = std::max<int64_t>(1, std::min<int64_t>(threads, lines));
    std::vector<std::thread> others;
    auto share = [&](int64_t number) {
        const int64_t first = lines * number / count * COLUMNS;
        work(first, std::min(width, lines * (number + 1) / count * COLUMNS) - first);
    };
    for (int64_t number = 1; number < count; number++) others.emplace_back(share, number);
    share(0);
    for (auto &other : others) other.join();
}

}  // namespace

extern "C" {

// Spikes of sums x, and mean and 1 / deviation of each column: r = (x - mean) * inverse + bias >= 0.
EXPORT void sterna_neuron_forward(int threads, int64_t rows, int64_t width, float epsilon,
                                  const uint16_t *x, const float *bias, float *mean, float *inverse,
                                  uint16_t *spikes) {
    shared(threads, width, [=](int64_t first, int64_t count) {
        const auto total = sums(rows, count, [=](int64_t row, float *sum, float *square) {
            const uint16_t *in = x + row * width + first;
            for (int64_t c = 0; c < count; c++) {
                const float value = wide(in[c]);
                sum[c] += value;
                square[c] += value * value;
            }
        });
        std::vector<float> scale(count), offset(count);
        for (int64_t c = 0; c < count; c++) {
            const double middle = total[c] / rows;
            const double variance = std::max(0.0, total[count + c] / rows - middle * middle);
            mean[first + c] = float(middle);
            inverse[first + c] = scale[c] = float(1 / std::sqrt(variance + epsilon));
            offset[c] = bias[first + c] - mean[first + c] * scale[c];
        }
        const float *by = scale.data(), *from = offset.data();
        for (int64_t row = 0; row < rows; row++) {
            const uint16_t *in = x + row * width + first;
            uint16_t *out = spikes + row * width + first;
            for (int64_t c = 0; c < count; c++)
                out[c] = wide(in[c]) * by[c] + from[c] >= 0 ? ONE : 0;
        }
    });
}

// Gradients of x and bias from that of the spikes, whose own is taken as
// max(0, 1 - |r| * narrowness).
EXPORT void sterna_neuron_backward(int threads, int64_t rows, int64_t width, float narrowness,
                                   const uint16_t *x, const uint16_t *gradient, const float *bias,
                                   const float *mean, const float *inverse, float *bias_gradient, uint16_t *x_gradient) {
    shared(threads, width, [=](int64_t first, int64_t count) {
        std::vector<float> offset(count), constant(count), slope(count);
        const float *by = inverse + first, *own = bias + first, *from = offset.data();
        for (int64_t c = 0; c < count; c++) offset[c] = own[c] - mean[first + c] * by[c];
        const auto total = sums(rows, count, [=](int64_t row, float *sum, float *product) {
            const uint16_t *in = x + row * width + first, *g = gradient + row * width + first;
            for (int64_t c = 0; c < count; c++) {
                const float r = wide(in[c]) * by[c] + from[c];
                const float d = std::max(0.0f, 1 - std::fabs(r) * narrowness) * wide(g[c]);
                sum[c] += d;
                product[c] += d * (r - own[c]);
            }
        });
        for (int64_t c = 0; c < count; c++) {
            bias_gradient[first + c] = float(total[c]);
            constant[c] = float(total[c] / rows);
            slope[c] = float(total[count + c] / rows);
        }
        const float *even = constant.data(), *tilt = slope.data();
        for (int64_t row = 0; row < rows; row++) {
            const uint16_t *in = x + row * width + first, *g = gradient + row * width + first;
            uint16_t *out = x_gradient + row * width + first;
            for (int64_t c = 0; c < count; c++) {
                const float r = wide(in[c]) * by[c] + from[c];
                const float d = std::max(0.0f, 1 - std::fabs(r) * narrowness) * wide(g[c]);
                out[c] = narrow(by[c] * (d - even[c] - (r - own[c]) * tilt[c]));
            }
        }
    });
}

}  // extern "C"
