// tokload: a small HTTP/1.1 POST load generator for token endpoints (loopback only).
// Closed loop:  -c N            every connection sends its next request when the answer is in.
// Open model:   -c N -r RATE    arrivals are scheduled on a clock (Poisson, or even with -e); latency is counted from
//                               the SCHEDULED time, so time spent waiting for a free connection is included
//                               (no coordinated omission).
// A response counts as ok when its status is 200 and its body holds "access_token" (or the -m marker), as often as -n says.
// Build: gcc -O2 -o tokload tokload.c -lm
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BUF 262144
typedef struct { int fd, busy, epout; size_t in, out, outlen; const char *req; int64_t t0; char buf[BUF]; } Conn;

static int64_t now_ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000LL + t.tv_nsec; }
static uint64_t rs = 88172645463325252ULL;
static double rnd(void) { rs ^= rs << 13; rs ^= rs >> 7; rs ^= rs << 17; return ((rs >> 11) + 1) * (1.0 / 9007199254740993.0); }

static int port = 8080, nconn = 16, even = 0, ntokens = 1, npids = 0, pids[16];
static double dur = 10, warm = 3, rate = 0;
static const char *path = "/token", *marker = "\"access_token\"", *ctype = "application/x-www-form-urlencoded";
static char hdrs[4096] = "";
static char **reqs; static size_t *reqlens; static size_t nreqs = 0, nextreq = 0;
static Conn *cs; static int ep;
static int64_t ok, bad, reconn, bytes, *lat; static size_t nlat, caplat; static int recording;
static char firstbad[512];

static void addreq(const char *body, size_t n) {
    reqs = realloc(reqs, (nreqs + 1) * sizeof *reqs); reqlens = realloc(reqlens, (nreqs + 1) * sizeof *reqlens);
    char *m; int len = asprintf(&m, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: %s\r\nAccept: application/json\r\nContent-Length: %zu\r\n%s\r\n%.*s",
        path, port, ctype, n, hdrs, (int)n, body);
    reqs[nreqs] = m; reqlens[nreqs++] = (size_t)len;
}
static void copen(Conn *c) {
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if (connect(c->fd, (void *)&a, sizeof a)) { perror("connect"); exit(3); }
    int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = c }; epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
    c->busy = 0; c->in = 0; c->epout = 0;
}
static void cwrite(Conn *c) {
    while (c->out < c->outlen) {
        ssize_t n = send(c->fd, c->req + c->out, c->outlen - c->out, MSG_NOSIGNAL);
        if (n < 0) { if (errno == EAGAIN) break; return; }
        c->out += (size_t)n;
    }
    int want = c->out < c->outlen;
    if (want != c->epout) { struct epoll_event e = { .events = EPOLLIN | (want ? EPOLLOUT : 0), .data.ptr = c }; epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e); c->epout = want; }
}
static void fire(Conn *c, int64_t t0) {
    c->req = reqs[nextreq]; c->outlen = reqlens[nextreq]; if (++nextreq == nreqs) nextreq = 0;
    c->out = 0; c->in = 0; c->busy = 1; c->t0 = t0; cwrite(c);
}
// returns total length of a complete response, 0 if more is needed
static size_t complete(Conn *c, int *status, int *close_) {
    c->buf[c->in] = 0;
    char *e = strstr(c->buf, "\r\n\r\n"); if (!e) return 0;
    size_t h = (size_t)(e - c->buf) + 4; *status = atoi(c->buf + 9); *close_ = 0;
    char save = e[2]; e[2] = 0;
    char *cl = strcasestr(c->buf, "\r\ncontent-length:"), *te = strcasestr(c->buf, "\r\ntransfer-encoding: chunked");
    if (strcasestr(c->buf, "\r\nconnection: close")) *close_ = 1;
    size_t need = cl ? strtoul(cl + 17, 0, 10) : 0; e[2] = save;
    if (te) { if (c->in >= h + 5 && !memcmp(c->buf + c->in - 5, "0\r\n\r\n", 5)) return c->in; return 0; }
    if (cl) return c->in >= h + need ? h + need : 0;
    return *status == 204 ? h : 0;
}
static int holds(const char *text, size_t n) {
    int found = 0; const char *end = text + n, *at;
    while (found < ntokens && (at = memmem(text, (size_t)(end - text), marker, strlen(marker)))) { found++; text = at + strlen(marker); }
    return found >= ntokens;
}
static void record(int64_t ns) {
    if (nlat == caplat) { caplat = caplat ? caplat * 2 : 1 << 16; lat = realloc(lat, caplat * sizeof *lat); }
    lat[nlat++] = ns;
}
static int cmp(const void *a, const void *b) { int64_t x = *(int64_t *)a, y = *(int64_t *)b; return x < y ? -1 : x > y; }
static double pct(double p) { if (!nlat) return 0; size_t i = (size_t)ceil(p / 100 * nlat); if (i) i--; return lat[i] / 1000.0; }

// user+system ticks of the given pids and of their direct children
static double cputicks(void) {
    double s = 0; DIR *d = opendir("/proc"); struct dirent *de;
    while ((de = readdir(d))) {
        int pid = atoi(de->d_name); if (pid <= 0) continue;
        char p[64], b[1024]; snprintf(p, sizeof p, "/proc/%d/stat", pid);
        FILE *f = fopen(p, "r"); if (!f) continue; size_t n = fread(b, 1, sizeof b - 1, f); fclose(f); b[n] = 0;
        char *r = strrchr(b, ')'); if (!r) continue;
        int ppid; unsigned long ut, st;
        if (sscanf(r + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ppid, &ut, &st) != 3) continue;
        for (int i = 0; i < npids; i++) if (pid == pids[i] || ppid == pids[i]) { s += ut + st; break; }
    }
    closedir(d); return s;
}
int main(int ac, char **av) {
    int o; const char *body = 0, *bfile = 0, *label = "run", *ofile = 0;
    while ((o = getopt(ac, av, "p:u:c:d:w:r:eb:B:H:m:n:T:P:l:O:")) != -1) switch (o) {
        case 'p': port = atoi(optarg); break; case 'u': path = optarg; break; case 'c': nconn = atoi(optarg); break;
        case 'd': dur = atof(optarg); break; case 'w': warm = atof(optarg); break; case 'r': rate = atof(optarg); break;
        case 'e': even = 1; break; case 'b': body = optarg; break; case 'B': bfile = optarg; break;
        case 'H': strcat(hdrs, optarg); strcat(hdrs, "\r\n"); break; case 'm': marker = optarg; break; case 'n': ntokens = atoi(optarg); break; case 'T': ctype = optarg; break;
        case 'P': for (char *t = strtok(optarg, ","); t; t = strtok(0, ",")) pids[npids++] = atoi(t); break;
        case 'l': label = optarg; break; case 'O': ofile = optarg; break; default: return 2; }
    if (bfile) { FILE *f = fopen(bfile, "r"); char *ln = 0; size_t cap = 0; ssize_t n; if (!f) { perror(bfile); return 2; }
        while ((n = getline(&ln, &cap, f)) > 0) { if (ln[n - 1] == '\n') n--; addreq(ln, (size_t)n); } fclose(f); }
    else addreq(body ? body : "grant_type=client_credentials", strlen(body ? body : "grant_type=client_credentials"));
    // -O FILE: go on in the body list where the last run stopped (one-time assertions must not be sent twice)
    if (ofile) { FILE *f = fopen(ofile, "r"); if (f) { if (fscanf(f, "%zu", &nextreq) != 1) nextreq = 0; fclose(f); nextreq %= nreqs; } }
    ep = epoll_create1(0); cs = calloc((size_t)nconn, sizeof *cs);
    for (int i = 0; i < nconn; i++) copen(&cs[i]);
    int tfd = -1; if (rate > 0) { tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK); struct epoll_event e = { .events = EPOLLIN, .data.ptr = 0 }; epoll_ctl(ep, EPOLL_CTL_ADD, tfd, &e); }
    // queue of scheduled arrivals not yet sent
    size_t qcap = 1 << 20, qh = 0, qt = 0; int64_t *q = malloc(qcap * sizeof *q);
    int *idle = malloc((size_t)nconn * sizeof *idle), nidle = 0;
    int64_t start = now_ns(), rec0 = start + (int64_t)(warm * 1e9), end = rec0 + (int64_t)(dur * 1e9), next = start, shed = 0;
    double c0 = 0, c1; int64_t rt0 = 0, rt1;
    for (int i = 0; i < nconn; i++) { if (rate > 0) idle[nidle++] = i; else fire(&cs[i], now_ns()); }
    struct epoll_event ev[256];
    for (;;) {
        int64_t t = now_ns();
        if (!recording && t >= rec0) { recording = 1; ok = bad = bytes = 0; nlat = 0; if (npids) c0 = cputicks(); rt0 = now_ns(); }
        if (t >= end) break;
        if (rate > 0) {
            while (next <= t) { if (qt - qh < qcap) q[qt++ % qcap] = next; else shed++; next += (int64_t)(1e9 / rate * (even ? 1.0 : -log(rnd()))) + 1; }
            while (qh < qt && nidle) fire(&cs[idle[--nidle]], q[qh++ % qcap]);
            if (nidle) { struct itimerspec its = { .it_value = { next / 1000000000, next % 1000000000 } }; timerfd_settime(tfd, TFD_TIMER_ABSTIME, &its, 0); }
        }
        int n = epoll_wait(ep, ev, 256, 100);
        for (int k = 0; k < n; k++) {
            Conn *c = ev[k].data.ptr; if (!c) { uint64_t x; if (read(tfd, &x, 8) < 0) {} continue; }
            if (ev[k].events & EPOLLOUT) cwrite(c);
            if (!(ev[k].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            ssize_t r = recv(c->fd, c->buf + c->in, BUF - 1 - c->in, 0);
            if (r < 0 && errno == EAGAIN) continue;
            int status = 0, cl = 0; size_t tot = 0;
            if (r > 0) { c->in += (size_t)r; tot = complete(c, &status, &cl); if (!tot && c->in < BUF - 1) continue; }
            int64_t te = now_ns(); int wasbusy = c->busy;
            if (tot && status == 200 && holds(c->buf, c->in)) ok++;
            else if (wasbusy) { bad++; if (!firstbad[0]) snprintf(firstbad, sizeof firstbad, "%.400s", r > 0 ? c->buf : "(connection lost)"); }
            bytes += (int64_t)tot; if (recording && wasbusy) record(te - c->t0);
            if (r <= 0 || cl || !tot) { close(c->fd); reconn++; copen(c); }
            c->busy = 0;
            if (rate > 0) { if (wasbusy) idle[nidle++] = (int)(c - cs); } else fire(c, now_ns());
        }
    }
    c1 = npids ? cputicks() : 0; rt1 = now_ns(); double secs = (rt1 - rt0) / 1e9;
    // arrivals still waiting at the end count with the latency they had reached
    size_t backlog = qt - qh; for (; qh < qt; qh++) record(rt1 - q[qh % qcap]);
    qsort(lat, nlat, sizeof *lat, cmp);
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"c\":%d,\"offered\":%.0f,\"secs\":%.2f,\"rps\":%.1f,\"ok\":%ld,\"bad\":%ld,\"reconn\":%ld,\"backlog\":%zu,\"p50_us\":%.0f,\"p90_us\":%.0f,\"p99_us\":%.0f,\"p999_us\":%.0f,\"max_us\":%.0f,\"resp_bytes\":%.0f,\"cpu_us_per_req\":%.1f,\"cpu_cores\":%.2f}\n",
        label, rate > 0 ? "open" : "closed", nconn, rate, secs, ok / secs, (long)ok, (long)bad, (long)reconn, backlog, pct(50), pct(90), pct(99), pct(99.9), nlat ? lat[nlat - 1] / 1000.0 : 0,
        ok + bad ? (double)bytes / (ok + bad) : 0, ok ? (c1 - c0) * 10000.0 / ok : 0, (c1 - c0) / 100.0 / secs);
    if (ofile) { FILE *f = fopen(ofile, "w"); if (f) { fprintf(f, "%zu\n", nextreq); fclose(f); } }
    if (bad) fprintf(stderr, "first bad: %s\n", firstbad);
    return bad ? 1 : 0;
}
