/** A text that shows how answers are set: headings, a table, code, mathematics. Stored for pictures; no model wrote it. */
export const sampleQuestion = {
  'fr-FR': 'Comment calculer la mensualité d’un emprunt ? Donnez la formule, un exemple et le code.',
  'en-GB': 'How is the monthly payment of a loan computed? Give the formula, an example and the code.',
} as const;

const code = `\`\`\`python
def monthly_payment(capital: float, rate: float, months: int) -> float:
    """Constant payment of a loan; rate is for one month."""
    return capital * rate / (1 - (1 + rate) ** -months)  # 0.3 % → 0.003
\`\`\``;

export const sampleAnswer = {
  'fr-FR': `## La formule

Pour un capital $C$, un taux mensuel $t$ et $n$ mois, la mensualité est **constante** :

$$
m = \\frac{C\\,t}{1-(1+t)^{-n}}
$$

| Durée | Mensualité | Coût total |
|---|---|---|
| 10 ans | 994 € | 19 226 € |
| 15 ans | 720 € | 29 565 € |
| 20 ans | 585 € | 40 427 € |

*Exemple : 100 000 € à 0,3 % par mois.*

${code}

1. Comparez le **coût total**, et non la seule mensualité.
2. Ajoutez l’assurance, que la formule ne compte pas.`,
  'en-GB': `## The formula

For a capital $C$, a monthly rate $t$ and $n$ months, the payment is **constant**:

$$
m = \\frac{C\\,t}{1-(1+t)^{-n}}
$$

| Duration | Payment | Total cost |
|---|---|---|
| 10 years | €994 | €19,226 |
| 15 years | €720 | €29,565 |
| 20 years | €585 | €40,427 |

*Example: €100,000 at 0.3 % a month.*

${code}

1. Compare the **total cost**, and not the payment alone.
2. Add the insurance, which the formula leaves out.`,
} as const;
