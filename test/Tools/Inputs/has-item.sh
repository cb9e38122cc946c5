#!/bin/sh
# Interesting (exit status 1) if the file holds a capstan.item.
! grep -q "capstan.item" "$1"
