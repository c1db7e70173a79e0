// What this machine's memory can do, with as many threads as the engines have, and another way to
// run layers: what bench.engine compares the engines with.
#include <cstdint>
#include <thread>
#include <vector>

#define EXPORT __attribute__((visibility("default")))

template <class Work> static void in_threads(int threads, Work work) {
    std::vector<std::thread> others;
    for (int number = 1; number < threads; number++) others.emplace_back(work, number);
    work(0);
    for (auto &other : others) other.join();
}

extern "C" {

// Read all words so many times, each thread its part; returns their sum, so that none is left out.
EXPORT uint64_t bench_read(const uint64_t *words, int64_t count, int passes, int threads) {
    std::vector<uint64_t> sums(threads);
    in_threads(threads, [&](int number) {
        uint64_t sum = 0;
        for (int pass = 0; pass < passes; pass++)
            for (int64_t i = count * number / threads; i < count * (number + 1) / threads; i++)
                sum += words[i] ^ pass;
        sums[number] = sum;
    });
    uint64_t sum = 0;
    for (auto one : sums) sum += one;
    return sum;
}

// Read lines of 64 bytes at the places, in the order given, fetched ahead as far as is of use.
EXPORT uint64_t bench_lines(const uint64_t *words, const uint32_t *places, int64_t count, int threads) {
    constexpr int AHEAD = 32;
    std::vector<uint64_t> sums(threads);
    in_threads(threads, [&](int number) {
        const int64_t last = count * (number + 1) / threads;
        uint64_t sum = 0;
        for (int64_t i = count * number / threads; i < last; i++) {
            if (i + AHEAD < last) __builtin_prefetch(words + 8 * int64_t(places[i + AHEAD]));
            for (int k = 0; k < 8; k++) sum += words[8 * int64_t(places[i]) + k];
        }
        sums[number] = sum;
    });
    uint64_t sum = 0;
    for (auto one : sums) sum += one;
    return sum;
}

// Neurons that fire, by popcounts: of each window's bits where the trit is +1, less those where it is
// -1. windows [windows][words], plus and minus [neurons][words], fired [windows][neurons]; all of it
// `groups` times, as the groups of a layer are alike.
EXPORT void bench_popcount(const uint64_t *windows, const uint64_t *plus, const uint64_t *minus, int count,
                           int neurons, int words, uint8_t *fired, int groups, int threads) {
    in_threads(threads, [&](int number) {
        const int64_t all = int64_t(count) * groups;
        for (int64_t at = all * number / threads; at < all * (number + 1) / threads; at++)
            for (int64_t n = 0, w = at % count; n < neurons; n++) {
                int64_t sum = 0;
                for (int k = 0; k < words; k++) {
                    const uint64_t bits = windows[w * words + k];
                    sum += __builtin_popcountll(bits & plus[n * words + k]);
                    sum -= __builtin_popcountll(bits & minus[n * words + k]);
                }
                fired[int64_t(w) * neurons + n] = sum > 0;
            }
    });
}

// Store a byte at each place, in the order given, each thread its part.
EXPORT void bench_scatter(uint8_t *bytes, const uint32_t *places, int64_t count, int threads) {
    in_threads(threads, [&](int number) {
        for (int64_t i = count * number / threads; i < count * (number + 1) / threads; i++)
            bytes[places[i]] = 1;
    });
}
}
