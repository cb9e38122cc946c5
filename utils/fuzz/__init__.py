"""Random modules, planted faults, and a reference interpreter for the host-sync passes."""
