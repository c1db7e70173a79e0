// A tick of any network, spike by spike: rows of the crossbar where a spike is due, then the
// neurons, then the spikes' targets.
#pragma once
#include "rows.h"
#include "threads.h"

constexpr int AHEAD = 4;   // cores whose rows are fetched while others are computed
constexpr int SMALL = 256; // cores: their tables fit the caches

// Spikes since the call began.
struct Counts {
    int64_t in = 0, routed = 0, out = 0;
};

// Spikes on their way to their targets. In a large network neurons, words of targets and due bytes
// lie anywhere in memory, so a core's spikes go by in three steps, a core apart: by the time that a
// step reads what the one before has asked for, it is there. In a small one they go at once.
class Sender {
  public:
    Sender(const Network &net, bool large, int64_t *lines, Counts &counts)
        : net(net), large(large), lines(lines), counts(counts) {}

    void begin(int tick, int64_t *its_lines) {
        lines = its_lines;
        for (int delay = 1; delay < net.slots; delay++)
            then[delay] = net.due + (tick + delay) % net.slots * (int64_t(net.cores) * MOST);
    }

    // A core's neurons that fired.
    void take(int core, const uint64_t *fired) {
        if (large) {
            reach();
            ask();
        }
        target = net.target + net.first[core];
        first_target = net.first_target + net.first[core];
        for (int word = 0; word < MOST / 64; word++)
            waiting += set_bits(fired[word], 64 * word, neurons + waiting);
        if (!large) return ask();
        for (int i = 0; i < waiting; i++) __builtin_prefetch(target + neurons[i]);
    }

    void finish() {
        for (int step = 0; step < 3; step++) {
            reach();
            ask();
        }
    }

  private:
    static constexpr int ROOM = 512;

    // From neurons to where their spikes are due. The count is its own variable: a byte that is
    // stored could be any member, which would be written and read again at each spike.
    void ask() {
        int routed = 0;
        for (int i = 0; i < waiting; i++) {
            const uint32_t word = target[neurons[i]];
            if (word != SEVERAL) {
                routed += route(word);
                continue;
            }
            for (int at = first_target[neurons[i]]; at < first_target[neurons[i] + 1]; at++)
                routed += route(net.targets[at]);
        }
        counts.routed += routed;
        waiting = 0;
    }

    // Send a spike to one target; returns 1, or 0 for a line.
    int route(uint32_t word) {
        const uint32_t place = word & 0xFFFFFFF;
        const int delay = word >> 28;
        if (!delay) {
            lines[place]++;
            counts.out++;
            return 0;
        }
        uint8_t *due = then[delay] + place;
        if (!large || asked == ROOM) {
            *due = 1;
        } else {
            __builtin_prefetch(due, 1);
            places[asked++] = due;
        }
        return 1;
    }

    void reach() {
        for (int i = 0; i < asked; i++) *places[i] = 1;
        asked = 0;
    }

    const Network &net;
    const bool large;
    int64_t *lines;
    Counts &counts;
    const uint32_t *target = nullptr;
    const int32_t *first_target = nullptr;
    int waiting = 0, asked = 0;
    uint8_t *then[16], *places[ROOM];
    uint8_t neurons[MOST + 64];
};

// One core's tick.
inline void step_core(const Network &net, int core, uint32_t draw_tick, const Active &active,
                      Sender &sender) {
    uint64_t *fired = net.fired + 4 * int64_t(core);
    const int modes = net.modes[core], count = active.count;
    const Neurons &p = net.groups[net.group[core]];
    const int groups = (net.neurons[core] + LANES - 1) / LANES;
    if (!count && net.still[core] && !net.synaptic) return; // it fired nothing, and does so again
    Input in;
    if (!count) {
        for (int g = 0; g < groups; g++) in.sums[g] = Lanes{};
    } else if (modes & (WEIGHTED | DRAWN_SYNAPSES)) {
        weigh(net, core, draw_tick, active, p, in);
    } else {
        sum_rows(net.rows + 8 * net.first_row[core], active.axons, count, groups, in.sums);
    }
    if (net.synaptic)
        memcpy(net.synaptic + net.first[core], in.sums, groups * sizeof(Lanes));
    if (modes & (NOISE | DRAWN_LEAK))
        neuron_draws(net.seed[core], draw_tick, groups * LANES, in.threshold, in.leak);
    const bool changed = advance_for(modes)(net, core, p, in, fired);
    net.still[core] = !changed && !count && !(modes & (NOISE | DRAWN_LEAK));
    sender.take(core, fired);
}

// The ticks of one thread's cores, first..last - 1.
inline void event_ticks(const Network &net, int first, int last, int tick, uint32_t draw_tick, int ticks,
                        int frames, int features, const uint8_t *frame, int64_t *lines,
                        Counts &counts, Barrier &barrier) {
    const int64_t slot = int64_t(net.cores) * MOST;
    Active ahead[AHEAD];
    const bool large = net.cores > SMALL;
    Sender sender(net, large, lines, counts);
    for (int i = 0; i < ticks; i++, tick++, draw_tick++) {
        uint8_t *due = net.due + (tick % net.slots) * slot;
        if (i < frames) {
            const uint8_t *feature = frame + int64_t(i) * features;
            for (int at = net.first_input[first]; at < net.first_input[last]; at++)
                if (feature[net.input_feature[at]]) {
                    due[net.input_axon[at]] = 1;
                    counts.in++;
                }
        }
        sender.begin(tick, lines + int64_t(i) * net.lines);
        // a core's rows are on their way while the AHEAD cores before it are computed
        for (int core = first; core < last + AHEAD; core++) {
            Active &active = ahead[core % AHEAD];
            if (core >= first + AHEAD) step_core(net, core - AHEAD, draw_tick, active, sender);
            if (core >= last) continue;
            take_due(due + MOST * int64_t(core), active);
            int &many = active.count;
            while (many && active.axons[many - 1] >= net.axons[core]) many--; // in no use
            const uint64_t *rows = net.rows + 8 * net.first_row[core];
            for (int k = 0; large && k < many; k++) __builtin_prefetch(rows + 8 * active.axons[k]);
        }
        sender.finish();
        barrier.wait();
    }
}
