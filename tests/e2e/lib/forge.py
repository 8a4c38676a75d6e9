#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Packets in anybody's name, and somebody who says what has come. In the network namespace that it runs in:
#
#   forge.py datagram FROM TO TEXT          UDP to port 7000, of either family, from any address
#   forge.py arp IFACE ADDRESS              tell everybody that ADDRESS is here (RFC 5227, "announcement")
#   forge.py neighbour IFACE ADDRESS        the same for IPv6 (RFC 4861, 4.4)
#   forge.py router IFACE                   be a router (RFC 4861, 4.2)
#   forge.py frame IFACE MAC                send from another MAC address than IFACE has
#   forge.py tagged IFACE MAC FROM TO TEXT TAG...   IPv4 UDP to port 7000 of MAC, in VLANs: "8100:0" is 802.1Q, VLAN 0
#   forge.py listen ADDRESS                 print what comes to port 7000, line by line, until "end"

import ipaddress
import socket
import struct
import sys

PORT = 7000
ETH_IP, ETH_ARP, ETH_IP6, ETH_EXPERIMENT = 0x0800, 0x0806, 0x86DD, 0x88B5
ALL_NODES = "ff02::1"


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo_header(source, target, length, protocol):
    return source.packed + target.packed + struct.pack("!IxxxB", length, protocol)


def udp_of(text):
    body = text.encode()
    return struct.pack("!HHHH", PORT, PORT, 8 + len(body), 0) + body


def head_of(source, target, length):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, 17, 0, source.packed, target.packed)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def datagram(source, target, text):
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    udp = udp_of(text)
    if source.version == 4:
        head = head_of(source, target, len(udp))
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    else:
        total = checksum(pseudo_header(source, target, len(udp), 17) + udp)
        udp = udp[:6] + struct.pack("!H", total) + udp[8:]
        head = struct.pack("!IHBB16s16s", 6 << 28, len(udp), 17, 64, source.packed, target.packed)
        sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    # Until the neighbour is known, a packet may be lost.
    sock.sendto(head + udp, (str(target), 0))


def send_frame(interface, target, ethertype, payload, source=None):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((interface, ethertype))
    own = source or sock.getsockname()[4]
    sock.send(target + own + struct.pack("!H", ethertype) + payload(own))


def frame(interface, mac):
    send_frame(interface, b"\xff" * 6, ETH_EXPERIMENT, lambda own: b"\0" * 46, bytes.fromhex(mac.replace(":", "")))


def tagged(interface, mac, source, target, text, *tags):
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    udp = udp_of(text)
    kinds = [int(tag.split(":")[0], 16) for tag in tags] + [ETH_IP]
    vlans = [int(tag.split(":")[1]) for tag in tags]
    rest = b"".join(struct.pack("!HH", vlan, kind) for vlan, kind in zip(vlans, kinds[1:]))
    packet = rest + head_of(source, target, len(udp)) + udp
    send_frame(interface, bytes.fromhex(mac.replace(":", "")), kinds[0], lambda own: packet)


def arp(interface, address):
    address = ipaddress.ip_address(address).packed

    def payload(own):
        return struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 2, own, address, own, address)

    send_frame(interface, b"\xff" * 6, ETH_ARP, payload)


def link_local(mac):
    return ipaddress.ip_address(
        b"\xfe\x80" + b"\0" * 6 + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:])


def icmp6(interface, message):
    def payload(own):
        source, target = link_local(own), ipaddress.ip_address(ALL_NODES)
        body = message(own)
        total = checksum(pseudo_header(source, target, len(body), 58) + body)
        body = body[:2] + struct.pack("!H", total) + body[4:]
        return struct.pack("!IHBB16s16s", 6 << 28, len(body), 58, 255, source.packed, target.packed) + body

    send_frame(interface, b"\x33\x33\0\0\0\x01", ETH_IP6, payload)


def neighbour(interface, address):
    address = ipaddress.ip_address(address).packed
    override = 0x20000000
    icmp6(interface, lambda own: struct.pack("!BBHI16sBB6s", 136, 0, 0, override, address, 2, 1, own))


def router(interface):
    icmp6(interface, lambda own: struct.pack("!BBHBBHIIBB6s", 134, 0, 0, 64, 0, 1800, 0, 0, 1, 1, own))


def listen(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((address, PORT))
    print("ready", flush=True)
    while True:
        text = sock.recv(1024).decode()
        print(text, flush=True)
        if text == "end":
            return


if __name__ == "__main__":
    {"datagram": datagram, "arp": arp, "neighbour": neighbour, "router": router, "frame": frame,
     "tagged": tagged, "listen": listen}[sys.argv[1]](
        *sys.argv[2:])
