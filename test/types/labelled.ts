// Checked by the compiler alone: what must not compile does not. A later room that forgets a label or a clearance stops here.
import type { Clearance, Label, Labelled, LabelSource } from '../../src/policy/index.ts';
import { joinLabelled, labelled, mapLabelled } from '../../src/policy/index.ts';

declare const label: Label;
declare const source: LabelSource;
declare function send(clearance: Clearance, text: Labelled<string>): void;
declare const clearance: Clearance;

const document = labelled('text', [source]);
send(clearance, document);
send(
  clearance,
  mapLabelled(document, (text) => text.slice(1)),
);
send(
  clearance,
  joinLabelled([document, document], (texts) => texts.join('\n')),
);

// @ts-expect-error a bare value has no label
send(clearance, 'text');
// @ts-expect-error a label is not written by hand beside a value
send(clearance, { value: 'text', label, sources: [source] });
// @ts-expect-error something must say how sensitive it is
labelled('text', []);
// @ts-expect-error nothing is sent without the gate's clearance
send(undefined, document);
declare const unsealed: Omit<Clearance, 'seal'>;
// @ts-expect-error a clearance without its seal is none
send(unsealed, document);
// @ts-expect-error the value alone is not what it was made of
send(clearance, document.value);
