// Threefry-2x32 with 20 rounds, as sterna.spec.threefry, which is its definition.
#pragma once
#include <cstdint>

constexpr uint32_t PARITY = 0x1BD11BDA;
enum Purpose : uint32_t { NEURON = 0, SYNAPSE = 1 };

// The block of key (k0, k1) and counter (x0, x1), in place.
inline void threefry(uint32_t k0, uint32_t k1, uint32_t &x0, uint32_t &x1) {
    constexpr int turns[8] = {13, 15, 26, 6, 17, 29, 16, 24};
    const uint32_t keys[3] = {k0, k1, PARITY ^ k0 ^ k1};
    x0 += keys[0];
    x1 += keys[1];
#pragma GCC unroll 20
    for (int step = 0; step < 20; step++) {
        const int turn = turns[step % 8];
        x0 += x1;
        x1 = (x1 << turn | x1 >> (32 - turn)) ^ x0;
        if (step % 4 == 3) {
            const int count = step / 4 + 1;
            x0 += keys[count % 3];
            x1 += keys[(count + 1) % 3] + count;
        }
    }
}

// Draws of neurons 0..count-1 in a tick: threshold words (18 bits of use) and leak bytes.
inline void neuron_draws(uint32_t seed, uint32_t tick, int count, int32_t *threshold, int32_t *leak) {
    for (int j = 0; j < count; j++) {
        uint32_t first = tick, second = j;
        threefry(seed, NEURON, first, second);
        threshold[j] = first & 0x3FFFF;
        leak[j] = second & 0xFF;
    }
}

// Draws of an axon's synapses in a tick, 0..255; `draws` has room for a multiple of eight.
inline void synapse_draws(uint32_t seed, uint32_t tick, int axon, int count, uint8_t *draws) {
    for (int block = 0; 8 * block < count; block++) {
        uint32_t words[2] = {tick, uint32_t(axon) << 8 | uint32_t(block)};
        threefry(seed, SYNAPSE, words[0], words[1]);
        for (int k = 0; k < 8; k++) draws[8 * block + k] = words[k / 4] >> 8 * (k % 4);
    }
}
