import type { AdminSection } from '../ui/route.ts';

/** Any of these rights opens a part of administration; the server decides again on each request. */
export const sectionRights: Readonly<Record<AdminSection, readonly string[]>> = {
  people: ['admin.people'],
  groups: ['admin.people'],
  roles: ['admin.people'],
  keys: ['admin.keys'],
  quotas: ['usage.read'],
  upstreams: ['admin.upstreams'],
  policy: ['admin.policy', 'policy.approve', 'label.approve', 'audit.read'],
  decisions: ['audit.read'],
  audit: ['audit.read'],
  egress: ['admin.egress'],
  usage: ['usage.read'],
  'article-30': ['audit.read'],
  anssi: ['audit.read'],
};
