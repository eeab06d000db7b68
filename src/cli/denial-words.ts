import type { ErrorFacts } from '../base/index.ts';

/** Why policy refused, by the word in the failure's facts. */
const reasons: Readonly<Record<string, string>> = {
  label_above_tier: 'ce marquage ne sort pas vers ce genre de lieu',
  retention: 'ce lieu garde ce qu’il reçoit, ou n’a pas dit le contraire',
  training: 'ce lieu apprend de ce qu’il reçoit, ou n’a pas dit le contraire',
  no_agreement: 'aucun accord de traitement n’est déclaré pour ce lieu',
  certificate_missing: 'la certification voulue manque à ce lieu',
  certificate_expired: 'la certification de ce lieu a expiré',
  enclave: 'ce lieu n’est pas dans l’enclave déclarée',
  foreign_law: 'un droit extérieur à l’Union peut atteindre l’opérateur de ce lieu',
  secrets: 'les mots de passe et les clés ne sortent pas',
  compartment: 'vous n’êtes pas dans tous les compartiments de ces données',
  ceiling: 'ce marquage dépasse ce que vous pouvez traiter',
  not_pseudonymised: 'il faudrait y remplacer les noms et les identifiants, et cela n’a pas pu être fait à coup sûr',
  marking: 'ce produit n’est pas habilité pour des données marquées SECRET',
  disagreement: 'les deux avis de la politique diffèrent, donc rien ne sort',
  no_rule: 'aucune règle ne le permet',
  policy_unavailable: 'la politique ne peut pas décider en ce moment',
};

/** The French sentence of a refusal by policy: label, sources, reason, rules, and the nearest place that may answer. */
export function denialInFrench(facts: ErrorFacts): string {
  const list = (name: string): readonly string[] => (Array.isArray(facts[name]) ? facts[name] : []);
  const [mentions, compartments] = [list('mentions'), list('compartments')];
  const label = [
    facts.level,
    mentions.length > 0 && `mentions=${mentions.join(',')}`,
    compartments.length > 0 && `compartments=${compartments.join(',')}`,
  ];
  const words = label.filter(Boolean).join('; ');
  const sources = list('sources').slice(0, 3).join(', ');
  const reason = reasons[String(facts.reason)] ?? 'une règle de la maison l’interdit';
  const nearest = facts.nearestModel ?? facts.nearest;
  return [
    `Ces données${words && ` (${words})`} ne peuvent pas aller à ${facts.destination ? `« ${facts.destination} »` : 'ce modèle'} : ${reason}`,
    sources && `, d’après ${sources}`,
    list('rules').length > 0 && ` [${list('rules').join(', ')}]`,
    '. ',
    nearest
      ? `Choisissez « ${nearest} », ou retirez ce qui a relevé le marquage.`
      : 'Aucun autre lieu ne peut répondre : retirez ce qui a relevé le marquage.',
  ]
    .filter(Boolean)
    .join('');
}
