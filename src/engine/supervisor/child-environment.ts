/** What an engine process may know of our environment: paths, language, temporary folder, and the settings of its libraries. */
const allowed =
  /^(PATH|HOME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TMP|TEMP|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|SYSTEMROOT|WINDIR|USERPROFILE|APPDATA|LOCALAPPDATA|GGML_\w+|LLAMA_\w+|OMP_\w+|CUDA_\w+|HIP_\w+|ROCR_\w+|VK_\w+|NODE_COMPILE_CACHE)$/i;
const secret = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/i;

/** The environment of an engine process: an allow-list, so that no secret of ours is ever inherited. */
export function childEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && allowed.test(entry[0]) && !secret.test(entry[0]),
    ),
  );
}
