import type { Client } from '../api/client.ts';
import type { Conversation } from '../api/wire.ts';
import { saveFile } from '../ui/save-file.ts';

/** Saves a conversation as a file of the person's disk. */
export async function saveExport(
  client: Client,
  conversation: Pick<Conversation, 'id' | 'title'>,
  format: 'markdown' | 'json',
): Promise<void> {
  const name = `${fileName(conversation.title)}.${format === 'markdown' ? 'md' : 'json'}`;
  saveFile(await client.exportConversation(conversation.id, format), name);
}

/** A title as a name that every file system takes. */
export function fileName(title: string): string {
  const name = title
    .replace(/[\p{Cc}\\/:*?"<>|]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 80)
    .trim();
  return name || 'conversation';
}
