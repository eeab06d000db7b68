/**
 * Chat templates in the shapes that model families use, each written for these tests, with the traits that make rendering
 * hard: trimming, cutting thinking away, refusing system roles, slicing lists of messages, dates.
 */
export interface TemplateCase {
  readonly name: string;
  readonly template: string;
  /** Special texts that only the template may put into a prompt. */
  readonly specials: readonly string[];
}

const chatml: TemplateCase = {
  name: 'chatml',
  specials: ['<|im_start|>', '<|im_end|>'],
  template: `{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}`,
};

/** Qwen3's traits: thinking replayed only for the newest answers, cut out of old ones, switched off by an empty block. */
const qwen: TemplateCase = {
  name: 'qwen-thinking',
  specials: ['<|im_start|>', '<|im_end|>'],
  template: `{%- if messages[0].role == 'system' %}
  {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(last_query=messages|length - 1) %}
{%- for message in messages[::-1] %}
  {%- set index = (messages|length - 1) - loop.index0 %}
  {%- if message.role == 'user' and ns.found is not defined %}
    {%- set ns.found = true %}{%- set ns.last_query = index %}
  {%- endif %}
{%- endfor %}
{%- for message in messages %}
  {%- if message.role == 'user' or (message.role == 'system' and not loop.first) %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
  {%- elif message.role == 'assistant' %}
    {%- set content = message.content %}
    {%- set reasoning = '' %}
    {%- if message.reasoning_content is string %}
      {%- set reasoning = message.reasoning_content %}
    {%- elif '</think>' in content %}
      {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
      {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {%- if loop.index0 > ns.last_query and (loop.last or reasoning) %}
      {{- '<|im_start|>assistant\\n<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') + '<|im_end|>\\n' }}
    {%- else %}
      {{- '<|im_start|>assistant\\n' + content + '<|im_end|>\\n' }}
    {%- endif %}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<|im_start|>assistant\\n' }}
  {%- if enable_thinking is defined and enable_thinking is false %}
    {{- '<think>\\n\\n</think>\\n\\n' }}
  {%- endif %}
{%- endif %}`,
};

/** DeepSeek-R1's traits: full-width bars, thinking cut by split, generation opened inside the thinking. */
const deepseek: TemplateCase = {
  name: 'deepseek-r1',
  specials: ['<｜User｜>', '<｜Assistant｜>', '<｜end▁of▁sentence｜>'],
  template: `{% set ns = namespace(system='') %}{% for message in messages %}{% if message['role'] == 'system' %}{% set ns.system = message['content'] %}{% endif %}{% endfor %}{{ bos_token }}{{ ns.system }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '<｜User｜>' + message['content'] }}{% elif message['role'] == 'assistant' %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{ '<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<｜Assistant｜><think>\\n' }}{% endif %}`,
};

/** Llama 3's traits: a trim on everything, a date, `tools` tested both ways, the first message taken off the list. */
const llama: TemplateCase = {
  name: 'llama-3',
  specials: ['<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
  template: `{{- bos_token }}
{%- if not tools is defined %}{%- set tools = none %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = '' %}
{%- endif %}
{{- '<|start_header_id|>system<|end_header_id|>\\n\\n' }}
{%- if tools is not none %}{{- 'Environment: ipython\\n' }}{%- endif %}
{{- 'Today Date: ' + strftime_now('%d %b %Y') + '\\n\\n' }}
{{- system_message }}
{{- '<|eot_id|>' }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}`,
};

/** Gemma's traits: no system role, roles in turn, another name for the assistant. */
const gemma: TemplateCase = {
  name: 'gemma',
  specials: ['<start_of_turn>', '<end_of_turn>'],
  template: `{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant') }}{% endif %}{% if message['role'] == 'assistant' %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}`,
};

/** Mistral's traits: the system text goes into the last user message, the assistant's ends with the end token. */
const mistral: TemplateCase = {
  name: 'mistral',
  specials: ['[INST]', '[/INST]', '</s>'],
  template: `{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message['role'] == 'user' %}
        {%- if loop.last and system_message is defined %}
            {{- '[INST] ' + system_message + '\\n\\n' + message['content'] + '[/INST]' }}
        {%- else %}
            {{- '[INST] ' + message['content'] + '[/INST]' }}
        {%- endif %}
    {%- elif message['role'] == 'assistant' %}
        {{- ' ' + message['content'] + eos_token }}
    {%- else %}
        {{- raise_exception('Only user, system and assistant roles are supported') }}
    {%- endif %}
{%- endfor %}`,
};

/** A template that takes contents only as lists of typed parts. */
const typedParts: TemplateCase = {
  name: 'typed-parts',
  specials: ['<|turn>', '<turn|>'],
  template: `{%- for message in messages %}{{- '<|turn>' + message.role + '\\n' }}{%- for part in message.content %}{%- if part.type == 'text' %}{{- part.text | trim }}{%- endif %}{%- endfor %}{{- '<turn|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|turn>assistant\\n' }}{%- endif %}`,
};

/** gpt-oss's traits: channels for thinking and answer, an effort instead of a switch, thinking replayed from its own field. */
const channels: TemplateCase = {
  name: 'channels',
  specials: ['<|start|>', '<|message|>', '<|end|>', '<|channel|>'],
  template: `{{- '<|start|>system<|message|>Reasoning: ' + (reasoning_effort or 'medium') + '\\n# Valid channels: analysis, final.<|end|>' }}{%- for message in messages %}{%- if message.role == 'assistant' %}{%- if loop.last and message.thinking %}{{- '<|start|>assistant<|channel|>analysis<|message|>' + message.thinking + '<|end|>' }}{%- endif %}{{- '<|start|>assistant<|channel|>final<|message|>' + message.content + '<|end|>' }}{%- else %}{{- '<|start|>' + message.role + '<|message|>' + message.content + '<|end|>' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|start|>assistant' }}{%- endif %}`,
};

export const chatTemplates = { chatml, qwen, deepseek, llama, gemma, mistral, typedParts, channels } as const;
