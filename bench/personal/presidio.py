"""Reads texts from standard input, one JSON string a line, and writes what Presidio finds in each, one JSON list a line.

Presidio has no recogniser of its own for French; used are those that know no language, the card recogniser told that it may
read French, and spaCy's small French model for persons, places and organisations. The last line is the time it took.
"""

import json
import sys
import time

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpEngineProvider
from presidio_analyzer.predefined_recognizers import CreditCardRecognizer

engine = NlpEngineProvider(
    nlp_configuration={"nlp_engine_name": "spacy", "models": [{"lang_code": "fr", "model_name": "fr_core_news_sm"}]}
).create_engine()
registry = RecognizerRegistry(supported_languages=["fr"])
registry.load_predefined_recognizers(languages=["fr"], nlp_engine=engine)
registry.add_recognizer(CreditCardRecognizer(supported_language="fr"))
analyzer = AnalyzerEngine(nlp_engine=engine, registry=registry, supported_languages=["fr"])

texts = [json.loads(line) for line in sys.stdin]
analyzer.analyze("Une phrase pour commencer.", language="fr")
started = time.process_time()
results = [analyzer.analyze(text, language="fr") for text in texts]
seconds = time.process_time() - started
for found in results:
    print(json.dumps([{"type": one.entity_type, "start": one.start, "end": one.end} for one in found]))
print(json.dumps(seconds))
