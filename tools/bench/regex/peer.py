"""What the vendor's Python integration must do for a regex action: read the
parameters, search, print the matches. Standard input: {"text", "patterns": [[pattern, group]…]}."""
import json
import re
import sys

parameters = json.load(sys.stdin)
matches = []
for pattern, group in parameters["patterns"]:
    matches += [m.group(group) for m in re.finditer(pattern, parameters["text"])]
json.dump({"matches": matches, "match": matches[0] if matches else "", "count": len(matches)}, sys.stdout)
