/** The template used for a model whose file has none, and what to tell the person. */
export interface FallbackTemplate {
  readonly kind: 'chatml' | 'plain';
  readonly template: string;
  readonly words: string;
}

const chatml = `{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`;

const plain = `{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\\n' }}{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + '\\n' }}{% else %}{{ message['content'] + '\\n\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}`;

/**
 * A chat template for a model whose file carries none: ChatML when its vocabulary has ChatML's tokens, else a plain
 * dialogue that any base model can follow.
 */
export function fallbackTemplate(hasToken: (text: string) => boolean): FallbackTemplate {
  return hasToken('<|im_start|>') && hasToken('<|im_end|>')
    ? {
        kind: 'chatml',
        template: chatml,
        words: 'This model has no chat template; ChatML is used, as its vocabulary suggests.',
      }
    : {
        kind: 'plain',
        template: plain,
        words:
          'This model has no chat template; a plain dialogue is used. It may answer poorly: it was not made for chat.',
      };
}
