import type { ModelTask } from '../store/models-store.ts';
import type { Format } from '../text/format.ts';
import type { Say, TextKey } from '../text/i18n.ts';
import { Bar } from '../ui/bar.tsx';
import { ProblemNote } from '../ui/problem-note.tsx';
import { useFormat, useSay, useServices } from '../ui/services.ts';

/** Work going on with a model: where it stands, and a way to end it. */
export function TaskNote({ id, task }: { readonly id: string; readonly task: ModelTask }) {
  const say = useSay();
  const format = useFormat();
  const { models } = useServices();
  if (task.problem)
    return (
      <div className="task">
        <p className="mono">{task.reference}</p>
        <ProblemNote problem={task.problem}>
          {task.kind === 'pull' ? (
            <button type="button" className="button" onClick={() => void models.pull(task.reference)}>
              {say('retry')}
            </button>
          ) : null}
          <button type="button" className="button" onClick={() => models.dismiss(id)}>
            {say('close')}
          </button>
        </ProblemNote>
      </div>
    );
  const words = taskWords(say, format, task);
  return (
    <div className="task">
      <p>
        <span className="mono">{task.reference}</span> · {words}
      </p>
      <Bar share={task.progress} label={words} />
      <button type="button" className="button" onClick={() => models.cancel(id)}>
        {say('cancel')}
      </button>
    </div>
  );
}

function taskWords(say: Say, format: Format, task: ModelTask): string {
  const { event, progress } = task;
  if (task.kind === 'load') return say('wait.reading', { percent: format.percent(progress ?? 0) });
  if (task.kind === 'optimize')
    return progress === undefined ? say('optimize.working') : say('optimize.at', { percent: format.percent(progress) });
  if (!event) return say('pull.starting');
  switch (event.type) {
    case 'looking':
      return say('pull.looking', { source: event.source });
    case 'source-failed':
      return say('pull.next', { source: event.source });
    case 'progress': {
      if (event.phase !== 'downloading') return say(`pull.${event.phase}` as TextKey);
      const left = event.totalBytes && event.bytesPerSecond > 0 ? event.totalBytes - event.completedBytes : undefined;
      const words = say('pull.downloading', {
        done: format.bytes(event.completedBytes),
        total: event.totalBytes ? format.bytes(event.totalBytes) : '?',
        rate: format.bytes(event.bytesPerSecond),
      });
      return left === undefined
        ? words
        : `${words} · ${say('pull.left', { time: format.duration((left / event.bytesPerSecond) * 1000) })}`;
    }
    case 'done':
      return say('pull.done');
  }
}
