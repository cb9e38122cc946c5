mkdir -p /work; rm -rf /work/cuda; cp -a .gpu /work/cuda; cd /work/cuda
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
