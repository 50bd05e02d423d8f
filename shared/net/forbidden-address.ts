/** The addresses that no caller may reach through us, whatever name leads to them (trust.md, section 3). */
import { BlockList, isIP } from 'node:net';

/**
 * Unspecified, loopback, link-local (with the metadata service), Azure's WireServer, multicast and reserved. Private
 * networks are allowed: a storage account behind a private endpoint has such an address.
 */
const v4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** Unspecified, loopback and what was once IPv4 in IPv6; local translators; link-local, site-local, multicast. */
const v6: readonly (readonly [string, number])[] = [
  ['::', 96],
  ['64:ff9b:1::', 48],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const forbidden = new BlockList();
for (const [net, prefix] of v4) {
  // IPv4 in IPv6 (::ffff:0:0/96) is looked at as IPv4 by the list itself.
  forbidden.addSubnet(net, prefix, 'ipv4');
  const [a = 0, b = 0, c = 0, d = 0] = net.split('.').map(Number);
  const [high, low] = [a * 256 + b, c * 256 + d].map((part) => part.toString(16));
  // Translated (NAT64) and tunnelled (6to4) it leads to the same place.
  forbidden.addSubnet(`64:ff9b::${high}:${low}`, 96 + prefix, 'ipv6');
  forbidden.addSubnet(`2002:${high}:${low}::`, 16 + prefix, 'ipv6');
}
for (const [net, prefix] of v6) forbidden.addSubnet(net, prefix, 'ipv6');

/** @param address an IPv4 or IPv6 address, also one with a zone; what is none is forbidden */
export function isForbiddenAddress(address: string): boolean {
  const [plain = ''] = address.split('%');
  const family = isIP(plain);
  return family === 0 || forbidden.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}
