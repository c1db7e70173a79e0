// Bytes in and out of the virtual board: one TCP client at a time, or a pseudo-terminal.
#pragma once

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#include <vector>

[[noreturn]] inline void fail(const char* what, const char* detail = nullptr) {
    std::fprintf(stderr, "board: %s: %s\n", what, detail ? detail : std::strerror(errno));
    std::exit(1);
}

// Bytes in order; taken from the front, added at the back.
class ByteQueue {
  public:
    bool empty() const { return head_ == bytes_.size(); }
    size_t size() const { return bytes_.size() - head_; }
    uint8_t front() const { return bytes_[head_]; }
    const uint8_t* data() const { return bytes_.data() + head_; }
    void push(uint8_t byte) { bytes_.push_back(byte); }
    void append(const uint8_t* from, size_t count) {
        if (head_ > kCompactAt) bytes_.erase(bytes_.begin(), bytes_.begin() + head_), head_ = 0;
        bytes_.insert(bytes_.end(), from, from + count);
    }
    void pop(size_t count = 1) {
        head_ += count;
        if (empty()) clear();
    }
    void clear() { bytes_.clear(), head_ = 0; }

  private:
    static constexpr size_t kCompactAt = 1 << 16;
    std::vector<uint8_t> bytes_;
    size_t head_ = 0;
};

class Port {
  public:
    ~Port() {
        for (int fd : {listener_, client_, slave_})
            if (fd >= 0) close(fd);
    }
    int listener() const { return listener_; }
    int client() const { return client_; }
    bool connected() const { return client_ >= 0; }

    // Listen on this port of the loopback, 0: any free one. Returns pyserial's URL.
    std::string open_tcp(int port) {
        listener_ = socket(AF_INET, SOCK_STREAM, 0);
        const int on = 1;
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        if (listener_ < 0 || bind(listener_, raw, size) < 0 || listen(listener_, 8) < 0 ||
            getsockname(listener_, raw, &size) < 0)
            fail("cannot listen on 127.0.0.1");
        prepare(listener_);
        return "socket://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    }

    // Open a raw pseudo-terminal; it counts as connected all the time. Returns its path.
    std::string open_pty() {
        client_ = posix_openpt(O_RDWR | O_NOCTTY);
        if (client_ < 0 || grantpt(client_) < 0 || unlockpt(client_) < 0)
            fail("cannot open a pseudo-terminal");
        const std::string path = ptsname(client_);
        // Held open, so that the terminal stays raw and no hang-up is seen between two clients.
        slave_ = open(path.c_str(), O_RDWR | O_NOCTTY);
        termios settings{};
        if (slave_ < 0 || tcgetattr(slave_, &settings) < 0) fail("pseudo-terminal");
        cfmakeraw(&settings);
        if (tcsetattr(slave_, TCSANOW, &settings) < 0) fail("pseudo-terminal");
        prepare(client_);
        prepare(slave_);
        return path;
    }

    // Take a waiting client; false: there is one already, and the new one was turned away.
    bool accept_client() {
        const int fd = accept(listener_, nullptr, nullptr);
        if (fd < 0) return true;
        if (connected()) {
            close(fd);
            return false;
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        prepare(fd);
        client_ = fd;
        return true;
    }

    void drop_client() {
        close(client_);
        client_ = -1;
    }

    // Read what has come; false: the client is gone.
    bool receive(ByteQueue& in) {
        uint8_t buffer[16384];
        const ssize_t count = read(client_, buffer, sizeof buffer);
        if (count > 0) in.append(buffer, count);
        return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
    }

    // Read all that has come; true: the client is gone.
    bool left(ByteQueue& in) {
        for (size_t before = in.size();; before = in.size()) {
            if (!receive(in)) return true;
            if (in.size() == before) return false;
        }
    }

    // Write as much as goes; the rest stays.
    void send(ByteQueue& out) {
        if (!connected()) return out.clear();
        const ssize_t count = write(client_, out.data(), out.size());
        if (count > 0) out.pop(count);
    }

  private:
    static void prepare(int fd) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }

    int listener_ = -1, client_ = -1, slave_ = -1;
};
