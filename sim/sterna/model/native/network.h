// A network as arrays; `sterna.model.tables` makes them, and says what is in each.
#pragma once
#include <cstdint>

// Neurons are padded to whole vectors, core by core; a padding neuron never fires.
constexpr int LANES = 16;
constexpr int MOST = 256; // axons, and neurons, of a core
constexpr uint32_t SEVERAL = 0xFFFFFFFF;

// What the neurons of a core need; a mode that none of them has costs nothing.
enum Modes : int32_t {
    WEIGHTED = 1,       // some weight s is not 1
    DRAWN_SYNAPSES = 2, // some b is 1
    LEAK = 4,           // some leak is not 0
    REVERSAL = 8,       // some epsilon or c is 1, and its leak not 0
    NOISE = 16,         // some tm is above 0
    DRAWN_LEAK = 32,    // some c is 1, and its leak not 0
    ANY_RESET = 64,     // not all have gamma = 0, or not all gamma = 1, and kappa = 1
    LINEAR_RESET = 128, // all have gamma = 1 and kappa = 1
};

// Parameters of a core's neurons; cores with equal neurons share them.
struct Neurons {
    int32_t leak[MOST], epsilon[MOST], alpha[MOST], beta[MOST], gamma[MOST], kappa[MOST];
    int32_t reset[MOST], c[MOST], mask[MOST], s[4][MOST], b[4][MOST];
};

struct Network {
    int32_t cores, slots, axon_types, potential_min, potential_max, lines;
    // cores
    const int32_t *axons, *neurons, *first, *group, *modes;
    const uint32_t *seed;
    const uint64_t *axon_types_of; // [cores][4][4]: a bit for each axon of each type
    const Neurons *groups;
    // crossbars: 8 words a row, +1 in the first four and not -1 in the others
    const int64_t *first_row; // of each core
    const uint64_t *rows;
    // each neuron's target: delay << 28 | core * MOST + axon, or line where delay is 0; SEVERAL if
    // it has none or many, which are from first_target on in targets
    const uint32_t *target, *targets;
    const int32_t *first_target;
    // axons that a frame's features are sent to, core by core
    const int32_t *first_input, *input_feature, *input_axon;
    // state
    int32_t *potential;
    uint8_t *due;   // [slots][cores][MOST]
    uint64_t *fired; // [cores][4]
    uint8_t *still; // [cores]: a tick without input changes nothing
    int32_t *synaptic; // [neurons], or null: who wants to see the sums
};
