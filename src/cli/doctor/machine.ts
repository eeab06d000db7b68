import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { sizeText } from '../terminal/quantities.ts';
import type { Words } from '../words.ts';
import { type Finding, same } from './finding.ts';

const leastFreeBytes = 1024 ** 3;

/** The runtime, the processor, the memory and the graphics card of this machine. */
export function machineFindings(): readonly Finding[] {
  return [runtimeFinding(), processorFinding(), memoryFinding(), gpuFinding()];
}

function runtimeFinding(): Finding {
  const [major = 0] = process.versions.node.split('.').map(Number);
  const base = {
    check: 'runtime',
    title: { en: 'Runtime', fr: 'Exécution' },
    found: same(`Node ${process.versions.node}`),
  };
  if (major >= 24) return { ...base, state: 'ok' };
  return {
    ...base,
    state: 'problem',
    remedy: {
      en: 'Start it by bin/intramuros, which runs Node 24.',
      fr: 'Lancez-le par bin/intramuros, qui prend Node 24.',
    },
  };
}

const x64Features = ['avx2', 'fma', 'f16c', 'avx512f', 'avx512_vnni', 'avx_vnni', 'amx_int8'] as const;
const arm64Features = ['asimd', 'asimddp', 'i8mm', 'sve', 'bf16'] as const;

/** Instruction sets that the engine's libraries make use of, as /proc/cpuinfo names them. */
export function cpuFeatures(cpuinfo: string, arch: string): readonly string[] {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  const flags = new Set(line.split(/\s+/));
  const known: readonly string[] = arch === 'arm64' ? arm64Features : x64Features;
  return known.filter((feature) => flags.has(feature));
}

function processorFinding(): Finding {
  const list = cpus();
  const name = list[0]?.model.trim() || process.arch;
  const title = { en: 'Processor', fr: 'Processeur' };
  if (!existsSync('/proc/cpuinfo')) {
    return { check: 'processor', state: 'ok', title, found: same(`${name}, ${list.length} ×`) };
  }
  const features = cpuFeatures(readFileSync('/proc/cpuinfo', 'utf8'), process.arch);
  const text = `${name}, ${list.length} ×${features.length > 0 ? `, ${features.join(' ')}` : ''}`;
  const fast = features.includes('avx2') || features.includes('asimddp');
  if (fast) return { check: 'processor', state: 'ok', title, found: same(text) };
  return {
    check: 'processor',
    state: 'warning',
    title,
    found: same(text),
    remedy: {
      en: 'It lacks the instructions that make inference fast (AVX2, or dot products on ARM): take small models, or a newer machine.',
      fr: 'Il lui manque les instructions qui rendent l’inférence rapide (AVX2, ou produits scalaires sur ARM) : prenez de petits modèles, ou une machine plus récente.',
    },
  };
}

/** Memory that a program may still take: the kernel's estimate, within the limit of the control group. */
export function availableMemoryBytes(): { readonly availableBytes: number; readonly totalBytes: number } {
  const meminfo = existsSync('/proc/meminfo') ? readFileSync('/proc/meminfo', 'utf8') : '';
  const kib = Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? Number.NaN);
  const free = Number.isFinite(kib) ? kib * 1024 : process.availableMemory();
  return {
    availableBytes: Math.min(free, process.availableMemory()),
    totalBytes: Math.min(totalmem(), process.constrainedMemory() || totalmem()),
  };
}

function memoryFinding(): Finding {
  const { availableBytes, totalBytes } = availableMemoryBytes();
  const found: Words = {
    en: `${sizeText(availableBytes, 'en')} free of ${sizeText(totalBytes, 'en')}`,
    fr: `${sizeText(availableBytes, 'fr')} libres sur ${sizeText(totalBytes, 'fr')}`,
  };
  const base = { check: 'memory', title: { en: 'Memory', fr: 'Mémoire' }, found };
  if (availableBytes >= leastFreeBytes) return { ...base, state: 'ok' };
  return {
    ...base,
    state: 'warning',
    remedy: {
      en: 'Less than 1 GiB is free: only the smallest models load. Close programs, or unload models ("intramuros ps").',
      fr: 'Moins de 1 Gio de libre : seuls les plus petits modèles se chargent. Fermez des programmes, ou déchargez des modèles (« intramuros ps »).',
    },
  };
}

const vendors: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' };

/** Makers of the graphics cards that the kernel shows. */
function gpuVendors(): readonly string[] {
  const found = new Set<string>();
  const cards = '/sys/class/drm';
  for (const name of existsSync(cards) ? readdirSync(cards) : []) {
    const path = `${cards}/${name}/device/vendor`;
    const vendor = existsSync(path) ? vendors[readFileSync(path, 'utf8').trim()] : undefined;
    if (vendor) found.add(vendor);
  }
  if (existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl')) found.add('NVIDIA');
  if (existsSync('/dev/kfd')) found.add('AMD');
  if (process.platform === 'darwin' && process.arch === 'arm64') found.add('Apple');
  return [...found];
}

function gpuFinding(): Finding {
  const found = gpuVendors();
  const base = { check: 'gpu', state: 'ok' as const, title: { en: 'Graphics card', fr: 'Carte graphique' } };
  if (found.length === 0) {
    return {
      ...base,
      found: { en: 'none; models run on the processor', fr: 'aucune ; les modèles tournent sur le processeur' },
    };
  }
  const names = found.join(', ');
  const usesMetal = found.includes('Apple');
  if (usesMetal) return { ...base, found: { en: `${names}, by Metal`, fr: `${names}, par Metal` } };
  return {
    ...base,
    state: 'warning',
    found: {
      en: `${names}; models run on the processor all the same`,
      fr: `${names} ; les modèles tournent pourtant sur le processeur`,
    },
    remedy: gpuRemedy(found),
  };
}

/** How to get the engine's library for a graphics card. */
function gpuRemedy(found: readonly string[]): Words {
  const variant = `@node-llama-cpp/${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}-${found.includes('NVIDIA') ? 'cuda' : 'vulkan'}`;
  return {
    en: `This version of the engine loads only the processor's library; the card's is ${variant}, not used yet.`,
    fr: `Cette version du moteur ne charge que la bibliothèque du processeur ; celle de la carte est ${variant}, pas encore utilisée.`,
  };
}
