"""World motion as a camera and a 2D detector would have given it (torch).

Poses and bodies are varied (`poses`, `bodies`), a camera looks at them (`cameras`, or Human3.6M's own:
`h36m_cameras`), and the projections get a detector's errors (`noise`). `windows` holds what was really filmed
in the same form, and `held_out` is the motion that networks are measured on.
"""
