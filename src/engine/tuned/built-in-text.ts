/**
 * The text that a tuned copy is compared on: French and English in equal parts, prose, dialogue, figures, a table and code,
 * so that a loss anywhere shows. Written for this product; changing it changes every measured loss.
 */
export const builtInText = `The library opens at nine. Before that, the caretaker walks through the rooms, turns on the lamps one by one, and listens: an old building always has something to say. This morning it was the radiator on the second floor, which had begun to knock again, twice quickly and once slowly, as though it wanted to be let out.

La bibliothèque ouvre à neuf heures. Auparavant, le gardien traverse les salles, allume les lampes l'une après l'autre et tend l'oreille : un vieux bâtiment a toujours quelque chose à raconter. Ce matin-là, c'était le radiateur du deuxième étage qui s'était remis à cogner, deux coups rapides puis un coup lent, comme s'il voulait qu'on le laisse sortir.

User: How long does it take light to travel from the Sun to the Earth?
Assistant: About eight minutes and twenty seconds. The distance is close to 150 million kilometres, and light covers 300,000 kilometres each second, so the division gives 500 seconds.

Utilisateur : Peux-tu m'expliquer simplement ce qu'est un taux d'intérêt composé ?
Assistant : Les intérêts de la première année s'ajoutent au capital, et ceux de la deuxième année sont calculés sur ce total. Ainsi, 1 000 euros placés à 5 % deviennent 1 050 euros après un an, puis 1 102,50 euros après deux ans.

| Month | Orders | Returned | Share |
|-------|--------|----------|-------|
| March | 1,240  | 31       | 2.5 % |
| April | 1,312  | 26       | 2.0 % |
| May   | 1,198  | 48       | 4.0 % |

The share of returns doubled in May. Two causes are likely: the new supplier delivered late, and the sizes printed on the boxes were wrong for a week. We suggest that the team checks each delivery by hand until the end of June.

function average(values) {
  if (values.length === 0) return 0;
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

Article 4. Le locataire peut donner congé à tout moment, par lettre recommandée, en respectant un préavis de trois mois. Ce délai est ramené à un mois en cas de mutation professionnelle, de perte d'emploi ou pour des raisons de santé attestées par un médecin. Le dépôt de garantie est restitué dans les deux mois qui suivent la remise des clés.

Dear Ms. Okafor, thank you for your letter of 12 February. We have looked at the three invoices that you mention and agree that the second one was sent twice. The amount will be returned to your account within ten working days. Please accept our apologies.`;
