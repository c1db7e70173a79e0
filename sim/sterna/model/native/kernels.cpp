// The two fast engines, for ctypes: sterna.model.native compiles and calls them. All memory is the
// caller's.
#include "event.h"
#include "layers.h"

#define EXPORT __attribute__((visibility("default")))

extern "C" {

// Run ticks; frame [frames][features], lines [ticks][lines] (added to), counts [3] (added to):
// spikes in, routed, out. `bounds` [threads + 1]: the cores of each thread.
EXPORT void sterna_event(const Network *net, int threads, const int32_t *bounds, int64_t tick, uint32_t draw_tick,
                  int ticks, int frames, int features, const uint8_t *frame, int64_t *lines,
                  int64_t *counts) {
    const int64_t size = int64_t(ticks) * net->lines;
    std::vector<std::vector<int64_t>> own(threads);
    std::vector<Counts> seen(threads);
    const int start = int(tick % net->slots);
    in_threads(threads, [&](int number, Barrier &barrier) {
        // fewer threads than bounds: the last one takes the rest
        const int last = number == barrier.threads - 1 ? threads : number + 1;
        if (number) own[number].assign(size, 0);
        event_ticks(*net, bounds[number], bounds[last], start, draw_tick, ticks, frames, features,
                    frame, number ? own[number].data() : lines, seen[number], barrier);
    });
    for (int number = 0; number < threads; number++) {
        for (int64_t i = 0; i < int64_t(own[number].size()); i++) lines[i] += own[number][i];
        counts[0] += seen[number].in;
        counts[1] += seen[number].routed;
        counts[2] += seen[number].out;
    }
}

// The same for a network without memory, in blocks of 512 ticks.
EXPORT void sterna_layers(const Layers *net, int threads, int ticks, int frames, const uint8_t *frame,
                   int64_t *lines, int64_t *counts) {
    std::vector<LayerCounts> seen(threads);
    std::vector<std::atomic<int>> next(net->levels);
    for (int level = 0; level < net->levels; level++) next[level] = net->first_of_level[level];
    in_threads(threads, [&](int number, Barrier &barrier) {
        for (int at = 0; at < ticks; at += BLOCK) {
            const int many = std::min(BLOCK, ticks - at);
            const int filled = std::max(0, std::min(many, frames - at));
            layer_block(*net, many, filled, frame + int64_t(at) * net->features,
                        lines + int64_t(at) * net->lines, number, seen[number], next.data(), barrier);
        }
    });
    for (const auto &one : seen) {
        counts[0] += one.in;
        counts[1] += one.routed;
        counts[2] += one.out;
    }
}

// Sizes of the structures, for the caller to compare with its own.
EXPORT int sterna_size(int which) {
    return which == 0 ? sizeof(Network) : which == 1 ? sizeof(Layers) : sizeof(Neurons);
}
}
