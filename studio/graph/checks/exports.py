"""x"""
def loops(project): return any((n.op or "") in ("keras.layers.LSTM","keras.layers.GRU") for g in project.graphs().values() for n in g.nodes.values())
def why_not(project, shapes, call): return ""
