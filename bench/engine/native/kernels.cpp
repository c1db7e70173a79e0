// What this machine's memory can do, with as many threads as the engines have: the bounds that
// bench.engine compares them with.
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

// Read all words once, each thread its part; returns their sum, so that none is left out.
EXPORT uint64_t bench_read(const uint64_t *words, int64_t count, int threads) {
    std::vector<uint64_t> sums(threads);
    in_threads(threads, [&](int number) {
        uint64_t sum = 0;
        for (int64_t i = count * number / threads; i < count * (number + 1) / threads; i++) sum += words[i];
        sums[number] = sum;
    });
    uint64_t sum = 0;
    for (auto one : sums) sum += one;
    return sum;
}

// Store a byte at each place, in the order given, each thread its part.
EXPORT void bench_scatter(uint8_t *bytes, const uint32_t *places, int64_t count, int threads) {
    in_threads(threads, [&](int number) {
        for (int64_t i = count * number / threads; i < count * (number + 1) / threads; i++)
            bytes[places[i]] = 1;
    });
}
}
