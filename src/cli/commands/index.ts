import type { Command } from '../types.ts';
import { ask } from './ask.ts';
import { audit } from './audit.ts';
import { backup } from './backup.ts';
import { chat } from './chat.ts';
import { completion } from './completion.ts';
import { config } from './config.ts';
import { doctor } from './doctor.ts';
import { egress } from './egress.ts';
import { embed } from './embed.ts';
import { group } from './group.ts';
import { help } from './help.ts';
import { key } from './key.ts';
import { list } from './list.ts';
import { optimize } from './optimize.ts';
import { policy } from './policy.ts';
import { ps } from './ps.ts';
import { pull } from './pull.ts';
import { quota } from './quota.ts';
import { receipt } from './receipt.ts';
import { restore } from './restore.ts';
import { rm } from './rm.ts';
import { role } from './role.ts';
import { serve } from './serve.ts';
import { show } from './show.ts';
import { signin } from './signin.ts';
import { stop } from './stop.ts';
import { tokenize } from './tokenize.ts';
import { upstream } from './upstream.ts';
import { usage } from './usage.ts';
import { user } from './user.ts';
import { verify } from './verify.ts';
import { version } from './version.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  serve,
  chat,
  ask,
  pull,
  list,
  show,
  ps,
  stop,
  rm,
  optimize,
  embed,
  tokenize,
  upstream,
  policy,
  user,
  group,
  role,
  key,
  quota,
  usage,
  signin,
  backup,
  restore,
  config,
  doctor,
  egress,
  audit,
  receipt,
  verify,
  completion,
  version,
  help,
];
