export {
  openUpstreamServer,
  type Played,
  type SeenCall,
  type UpstreamFault,
  type UpstreamServer,
} from './loopback.ts';
export { type OpenAiUpstreamOptions, openOpenAiUpstream } from './openai-upstream.ts';
