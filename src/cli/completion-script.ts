import { globalOptions } from './parse.ts';
import type { Command, Completion } from './types.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What may follow on a command line, one a line: the shells' scripts ask this through `intramuros completion --complete`. */
export async function candidates(
  words: readonly string[],
  commands: readonly Command[],
  values: (kind: Completion) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const command = commands.find(({ name }) => before.some((word) => word === name));
  const options = [...globalOptions, ...(command?.options ?? [])];
  const previous = before.at(-1) ?? '';
  const pending = options.find(
    (option) => option.value !== undefined && [`--${option.name}`, `-${option.short}`].includes(previous),
  );
  const fitting = (list: readonly string[]): readonly string[] => list.filter((item) => item.startsWith(last));
  if (pending) return fitting(pending.complete === undefined ? [] : await values(pending.complete));
  if (last.startsWith('-')) return fitting(options.map(({ name }) => `--${name}`));
  if (command === undefined) return fitting(commands.map(({ name }) => name));
  const given = before.slice(before.indexOf(command.name) + 1).filter((word) => !word.startsWith('-')).length;
  const specs = command.arguments ?? [];
  const spec = specs[Math.min(given, specs.length - 1)];
  if (spec?.complete === undefined || (given >= specs.length && !spec.rest)) return [];
  return fitting(await values(spec.complete));
}

/** The script that a shell loads. File names are left to the shell itself. */
export function completionScript(shell: Shell): string {
  return scripts[shell];
}

const scripts: Readonly<Record<Shell, string>> = {
  bash: `# Completion of intramuros for bash. Load it: source <(intramuros completion bash)
_intramuros() {
  local IFS=$'\\n' current="\${COMP_LINE:0:COMP_POINT}"
  local -a words
  IFS=$' \\t' read -ra words <<< "$current"
  [[ "$current" == *[[:space:]] ]] && words+=("")
  IFS=$'\\n' COMPREPLY=($(intramuros completion --complete -- "\${words[@]:1}" 2>/dev/null))
  # bash splits words at ":", which model names hold: give back only what follows it
  local last="\${words[-1]}"
  if [[ "$last" == *:* ]]; then
    local head="\${last%:*}:" item
    local -a cut=()
    for item in "\${COMPREPLY[@]}"; do cut+=("\${item#"$head"}"); done
    COMPREPLY=("\${cut[@]}")
  fi
}
complete -o default -F _intramuros intramuros
`,
  zsh: `#compdef intramuros
# Completion of intramuros for zsh. Load it: source <(intramuros completion zsh)
_intramuros() {
  local -a found
  found=(\${(f)"$(intramuros completion --complete -- "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi
}
compdef _intramuros intramuros
`,
  fish: `# Completion of intramuros for fish. Load it: intramuros completion fish | source
function __intramuros_complete
  set -l words (commandline -opc) (commandline -ct)
  intramuros completion --complete -- $words[2..-1] 2>/dev/null
end
complete -c intramuros -a '(__intramuros_complete)'
`,
};
