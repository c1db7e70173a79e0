// Threads that live for one call, and the barrier between their ticks.
#pragma once
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

// All threads wait for the last one. They spin first, as a tick takes microseconds, and then let
// others run, as there may be more threads than processors.
class Barrier {
  public:
    int threads = 1;

    void wait() {
        if (threads == 1) return;
        const unsigned round = rounds.load(std::memory_order_acquire);
        if (waiting.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
            waiting.store(0, std::memory_order_relaxed);
            rounds.store(round + 1, std::memory_order_release);
            return;
        }
        for (int spins = 0; rounds.load(std::memory_order_acquire) == round; spins++) {
            if (spins > 4000) std::this_thread::yield();
#if defined(__x86_64__)
            else __builtin_ia32_pause();
#endif
        }
    }

  private:
    std::atomic<int> waiting{0};
    std::atomic<unsigned> rounds{0};
};

// Run work(number, barrier) in `wanted` threads, or in fewer if the system gives no more; the
// caller's is number 0, and barrier.threads says how many there are.
template <class Work> void in_threads(int wanted, Work work) {
    std::vector<std::thread> others;
    Barrier barrier;
    std::atomic<bool> go{false};
    try {
        for (int number = 1; number < wanted; number++)
            others.emplace_back([&, number] {
                while (!go.load(std::memory_order_acquire)) std::this_thread::yield();
                work(number, barrier);
            });
    } catch (const std::system_error &) {
    }
    barrier.threads = int(others.size()) + 1;
    go.store(true, std::memory_order_release);
    work(0, barrier);
    for (auto &other : others) other.join();
}
