/*
 * The memory of a peer, by TCP: tcp:ADDRESS:PORT, or tls:ADDRESS:PORT with the kernel's TLS 1.3 (AES-256-GCM) between program and wire. A request is
 * kind, offset and size, 8 bytes each, with the data if it writes; the answer is the data, or the offset of what was written. Answers come in the order
 * of the requests. There is no handshake of TLS: the key is made of the seed, and each connection begins with two nonces in the clear, that of the
 * program's records and that of the peer's.
 */
#ifndef COVEJIT_PEER_H
#define COVEJIT_PEER_H

#include <arpa/inet.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include "measure.h"
#include "transport.h"

enum { PEER_NONCE = 12, PEER_TIMEOUT_SECONDS = 30 };

static int peer_socket;
static struct request *peer_asked[DEPTH_MOST]; /* a ring */
static unsigned peer_first, peer_count;

static void peer_send(struct iovec *parts, size_t count)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
    while (message.msg_iovlen > 0)
    {
        ssize_t sent = sendmsg(peer_socket, &message, MSG_NOSIGNAL);
        if (sent < 0)
            bench_fail("sendmsg");
        while (message.msg_iovlen > 0 && (size_t)sent >= message.msg_iov->iov_len)
        {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen > 0)
        {
            message.msg_iov->iov_base = (uint8_t *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
}

static void peer_receive(void *to, size_t size)
{
    for (size_t done = 0; done < size;)
    {
        ssize_t got = recv(peer_socket, (uint8_t *)to + done, size - done, MSG_WAITALL);
        if (got < 0)
            bench_fail("recv");
        if (got == 0)
        {
            fprintf(stderr, "the peer has closed the connection\n");
            exit(1);
        }
        done += (size_t)got;
    }
}

static void peer_submit(struct request *request)
{
    uint64_t asked[] = { (uint64_t)request->is_write, request->offset, request->size };
    struct iovec parts[] = { { asked, sizeof asked }, { request->buffer, request->size } };
    peer_asked[(peer_first + peer_count++) % DEPTH_MOST] = request;
    peer_send(parts, request->is_write ? 2 : 1);
}

static struct request *peer_complete(void)
{
    struct request *request = peer_asked[peer_first++ % DEPTH_MOST];
    peer_count--;
    uint64_t written = request->offset;
    peer_receive(request->is_write ? (void *)&written : request->buffer, request->is_write ? sizeof written : request->size);
    if (written != request->offset)
    {
        fprintf(stderr, "the peer has written at another place than it was asked to\n");
        exit(1);
    }
    return request;
}

/* An answer says that it has been done. */
static void peer_flush(void)
{
}

static void peer_encrypt(uint64_t seed)
{
    uint8_t nonces[2][PEER_NONCE];
    if (getrandom(nonces, sizeof nonces, 0) != sizeof nonces)
        bench_fail("getrandom");
    peer_send(&(struct iovec){ nonces, sizeof nonces }, 1);
    if (setsockopt(peer_socket, SOL_TCP, TCP_ULP, "tls", sizeof "tls") != 0)
        bench_fail("TCP_ULP");
    struct tls12_crypto_info_aes_gcm_256 info = { .info = { TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256 } };
    for (unsigned at = 0; at < sizeof info.key; at += 8)
        memcpy(info.key + at, &(uint64_t){ word_at(~seed, at) }, 8);
    for (int i = 0; i < 2; i++)
    {
        memcpy(info.salt, nonces[i], sizeof info.salt);
        memcpy(info.iv, nonces[i] + sizeof info.salt, sizeof info.iv);
        if (setsockopt(peer_socket, SOL_TLS, i == 0 ? TLS_TX : TLS_RX, &info, sizeof info) != 0)
            bench_fail("SOL_TLS");
    }
}

static int peer_is_meant(const char *name)
{
    return strncmp(name, "tcp:", 4) == 0 || strncmp(name, "tls:", 4) == 0;
}

static struct transport peer_open(const char *name, uint64_t seed)
{
    char host[INET_ADDRSTRLEN] = "";
    unsigned port = 0;
    struct sockaddr_in address = { .sin_family = AF_INET };
    if (sscanf(name + 4, "%15[0-9.]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &address.sin_addr) != 1)
    {
        fprintf(stderr, "%s: not of the form tcp:ADDRESS:PORT\n", name);
        exit(2);
    }
    address.sin_port = htons((uint16_t)port);
    peer_socket = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = { .tv_sec = PEER_TIMEOUT_SECONDS };
    setsockopt(peer_socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(peer_socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(peer_socket, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    if (peer_socket < 0 || connect(peer_socket, (struct sockaddr *)&address, sizeof address) != 0)
        bench_fail(name);
    if (name[1] == 'l')
        peer_encrypt(seed);
    return (struct transport){ peer_submit, peer_complete, peer_flush };
}

#endif
