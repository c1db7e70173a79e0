// Up to 512 ticks at once, for networks whose neurons remember nothing and whose cores form no
// loop. Bit i of a row is a neuron's spike at tick i; a core's rows follow from the rows of the
// cores before it, and delays are shifts. sterna.model.layers says what is eligible.
#pragma once
#include <algorithm>
#include <vector>

#include "counting.h"
#include "threads.h"

constexpr int BLOCK = 512; // ticks
constexpr int WORDS = BLOCK / 64;
constexpr int SUM_BITS = 9; // 0..256

struct Layers {
    int32_t cores, levels, lines, features;
    // cores by level, and the first place of each level
    const int32_t *order, *first_of_level;
    const int32_t *crossbar, *axons, *neurons;
    // rows of all axons: sources of axon a of core k from first_source[first_axon[k] + a]
    const int32_t *first_axon, *first_source;
    const uint32_t *source; // row << 4 | delay
    // [all neurons], core by core: the row that a neuron writes is features + its number
    const int32_t *first_neuron, *limit, *fan_out, *lines_out;
    // crossbars: axons with +1, and axons of the crossbar + axons with -1, in eights
    const int64_t *first_list;   // [crossbar]: its first neuron in `list_start`
    const int64_t *list_start;
    const uint16_t *list;
    // output lines: rows of the neurons that send there
    const int32_t *first_voter, *voter;
    const int32_t *inputs_of; // [features]: axons that a feature is sent to
    // state
    Bits512 *rows;     // [features + neurons]
    Bits512 *due_rows; // [all axons], or null: who wants to see them
    uint16_t *due;     // [all axons]: bit i is due at tick i of the block
};

struct LayerCounts {
    int64_t in = 0, routed = 0, out = 0;
};

inline Bits512 first_bits(int count) {
    Bits512 mask = {};
    for (int w = 0; w < WORDS; w++)
        mask[w] = count >= 64 * (w + 1) ? ~0ull : count <= 64 * w ? 0 : (1ull << (count - 64 * w)) - 1;
    return mask;
}

inline int64_t bits_in(const Bits512 &row) {
    int64_t count = 0;
    for (int w = 0; w < WORDS; w++) count += __builtin_popcountll(row[w]);
    return count;
}

// The row `delay` ticks later.
inline Bits512 later(Bits512 row, int delay) {
    if (!delay) return row;
#ifdef __AVX512F__
    const __m512i before = _mm512_alignr_epi64((__m512i)row, _mm512_setzero_si512(), 7);
    return (row << delay) | ((Bits512)before >> (64 - delay));
#else
    Bits512 result;
    for (int w = WORDS - 1; w > 0; w--) result[w] = row[w] << delay | row[w - 1] >> (64 - delay);
    result[0] = row[0] << delay;
    return result;
#endif
}

// What of the row, `delay` ticks later, lies after the block: bit i is due at tick ticks + i.
inline uint16_t beyond(const Bits512 &row, int delay, int ticks) {
    uint32_t bits = 0;
    for (int i = 0; i < delay; i++) {
        const int tick = ticks - delay + i;
        if (tick >= 0) bits |= uint32_t(row[tick / 64] >> tick % 64 & 1) << i;
    }
    return bits;
}

// 512 frames' features as rows.
inline void frame_rows(const Layers &net, const uint8_t *frame, int frames, int first, int last) {
    for (int f = first; f < last; f++) net.rows[f] = Bits512{};
    std::vector<uint8_t> bits(last - first);
    for (int at = 0; at < frames; at += 8) {
        std::fill(bits.begin(), bits.end(), 0);
        for (int k = 0; k < 8 && at + k < frames; k++) {
            const uint8_t *one = frame + int64_t(at + k) * net.features;
            for (int f = first; f < last; f++) bits[f - first] |= (one[f] != 0) << k;
        }
        for (int f = first; f < last; f++) ((uint8_t *)&net.rows[f])[at / 8] = bits[f - first];
    }
}

// The rows of a core's neurons from those of its axons.
inline void layer_core(const Layers &net, int core, int ticks, Bits512 mask, LayerCounts &counts) {
    Bits512 local[2 * 256 + 1];
    const int axons = net.axons[core], first = net.first_axon[core];
    for (int a = 0; a < axons; a++) {
        uint16_t &due = net.due[first + a];
        Bits512 row = {uint64_t(due)};
        uint32_t left = ticks < 16 ? due >> ticks : 0;
        for (int at = net.first_source[first + a]; at < net.first_source[first + a + 1]; at++) {
            const Bits512 &source = net.rows[net.source[at] >> 4];
            const int delay = net.source[at] & 15;
            row |= later(source, delay);
            if (delay) left |= beyond(source, delay, ticks);
        }
        due = left;
        row &= mask;
        if (net.due_rows) net.due_rows[first + a] = row;
        local[a] = row;
        local[axons + a] = ~row;
    }
    local[2 * axons] = Bits512{};
    const int64_t *start = net.list_start + net.first_list[net.crossbar[core]];
    for (int n = 0; n < net.neurons[core]; n++) {
        const int neuron = net.first_neuron[core] + n;
        const uint16_t *list = net.list + start[n];
        Counter<Bits512, SUM_BITS> sums;
        sums.add_all(int(start[n + 1] - start[n]), [&](int i) { return local[list[i]]; });
        const Bits512 row = sums.at_least(net.limit[neuron]) & mask;
        net.rows[net.features + neuron] = row;
        const int64_t spikes = bits_in(row);
        counts.routed += spikes * net.fan_out[neuron];
        counts.out += spikes * net.lines_out[neuron];
    }
}

// The spikes on a line at each tick of the block, of as many rows at once as a count holds.
inline void count_line(const Layers &net, int line, int ticks, int64_t *lines) {
    constexpr int BITS = 10, MANY = (1 << BITS) - 8;
    const Bits512 none = {};
    for (int at = net.first_voter[line]; at < net.first_voter[line + 1]; at += MANY) {
        const int many = std::min(MANY, net.first_voter[line + 1] - at);
        Counter<Bits512, BITS> sums;
        sums.add_all((many + 7) / 8 * 8, [&](int i) {
            return i < many ? net.rows[net.features + net.voter[at + i]] : none;
        });
        for (int k = 0; k < BITS; k++)
            for (int tick = 0; tick < ticks; tick++)
                lines[int64_t(tick) * net.lines + line] +=
                    int64_t(sums.bit[k][tick / 64] >> tick % 64 & 1) << k;
    }
}

// One block: `frames` of its `ticks` have a frame.
inline void layer_block(const Layers &net, int ticks, int frames, const uint8_t *frame, int64_t *lines,
                        int number, LayerCounts &counts, std::atomic<int> *next, Barrier &barrier) {
    const Bits512 mask = first_bits(ticks);
    const int64_t features = net.features;
    const int from = features * number / barrier.threads;
    const int to = features * (number + 1) / barrier.threads;
    frame_rows(net, frame, frames, from, to);
    for (int f = from; f < to; f++) counts.in += bits_in(net.rows[f]) * net.inputs_of[f];
    barrier.wait();
    for (int level = 0; level < net.levels; level++) {
        const int last = net.first_of_level[level + 1];
        for (int at; (at = next[level].fetch_add(1, std::memory_order_relaxed)) < last;)
            layer_core(net, net.order[at], ticks, mask, counts);
        barrier.wait();
    }
    for (int line = number; line < net.lines; line += barrier.threads)
        count_line(net, line, ticks, lines);
    // all have left the levels: the next block begins at their first cores
    if (number == 0)
        for (int level = 0; level < net.levels; level++) next[level] = net.first_of_level[level];
    barrier.wait();
}
