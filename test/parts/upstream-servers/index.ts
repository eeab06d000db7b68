export { type AnthropicUpstreamOptions, openAnthropicUpstream } from './anthropic-upstream.ts';
export { type BedrockUpstreamOptions, openBedrockUpstream } from './bedrock-upstream.ts';
export { eventStreamFrame } from './event-stream-frame.ts';
export {
  openUpstreamServer,
  type Played,
  type SeenCall,
  type UpstreamFault,
  type UpstreamServer,
} from './loopback.ts';
export { type OllamaUpstreamOptions, openOllamaUpstream } from './ollama-upstream.ts';
export { type OpenAiUpstreamOptions, openOpenAiUpstream } from './openai-upstream.ts';
